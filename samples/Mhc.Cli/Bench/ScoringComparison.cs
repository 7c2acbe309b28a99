using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Mhc.MLNet;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Bench;

/// <summary>Scores the same texts in several ways, in turn, so that what else the machine does meets all of them alike.</summary>
internal static class ScoringComparison
{
    /// <param name="plan">What to measure.</param>
    /// <param name="onProgress">Called with a line after each step of the way.</param>
    public static (double[] MatmulGflops, IReadOnlyList<ScoringMeasurement> Ways) Run(ScoringPlan plan, Action<string> onProgress)
    {
        onProgress("exporting");
        using var model = new ScoringModel(plan.Model);
        using var options = new SessionOptions { IntraOpNumThreads = plan.Threads };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        using var yardstick = new MatmulGraph(options);
        var matmul = new List<double>();
        var measurements = new List<ScoringMeasurement>();
        foreach (TextKind kind in plan.Texts)
        {
            TextKind fitting = kind.UpTo(plan.Model.BlockSize);
            IScoringWay[] ways = Ways(plan, model, model.Texts(fitting, plan.Tokens));
            try
            {
                measurements.AddRange(Time($"{fitting}", ways, plan.Rounds, yardstick, matmul, onProgress));
            }
            finally
            {
                foreach (IScoringWay way in ways)
                    way.Dispose();
            }
        }
        return ([.. matmul], measurements);
    }

    private static IScoringWay[] Ways(ScoringPlan plan, ScoringModel model, string[] texts)
    {
        var options = new MhcScoringOptions { ModelPath = model.Scores, Threads = plan.Threads };
        if (plan.TokensPerBatch is int tokensPerBatch)
            options = options with { TokensPerBatch = tokensPerBatch };
        return
        [
            Bare("bare loop", runsAtOnce: plan.Threads),
            Bare("bare loop again (A/A)", runsAtOnce: plan.Threads),
            Bare("bare loop, one run at a time", runsAtOnce: 1),
            new ScorerWay(model, texts, options, lazily: true),
            new ScorerWay(model, texts, options, lazily: false),
            new PipelineWay(model, texts, options),
            new StockWay(model, texts, plan.Threads),
        ];

        BareLoop Bare(string name, int runsAtOnce) =>
            new(name, model, texts.Select(text => text.Length), options.TokensPerBatch, plan.Threads, runsAtOnce);
    }

    private static IEnumerable<ScoringMeasurement> Time(string texts, IScoringWay[] ways, int rounds, MatmulGraph yardstick,
        List<double> matmul, Action<string> onProgress)
    {
        onProgress($"{texts}: warming up");
        (long Scored, long Run)[] tokens = [.. ways.Select(Tokens)];
        yardstick.Gflops();
        double[][] seconds = [.. ways.Select(_ => new double[rounds])];
        for (int round = 0; round < rounds; round++)
        {
            matmul.Add(yardstick.Gflops());
            for (int turn = 0; turn < ways.Length; turn++) // Each round starts with another way.
            {
                int way = (round + turn) % ways.Length;
                var watch = Stopwatch.StartNew();
                long scored = ways[way].Score();
                seconds[way][round] = watch.Elapsed.TotalSeconds / scored;
            }
            onProgress(string.Create(CultureInfo.InvariantCulture, $"{texts}, round {round + 1}/{rounds}: {matmul[^1]:f0} GFLOP/s; tokens/s: ")
                + string.Join(", ", seconds.Select(times => (1 / times[round]).ToString("n0", CultureInfo.InvariantCulture))));
        }
        return ways.Zip(tokens, seconds).Select(way =>
            new ScoringMeasurement(texts, way.First.Name, way.Second.Scored, way.Second.Run, way.Third));
    }

    /// <summary>One warm-up turn; what Mhc.MLNet ran in it is counted by its own meter, and the other ways pad nothing.</summary>
    private static (long Scored, long Run) Tokens(IScoringWay way)
    {
        long run = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, itself) =>
        {
            if (instrument is { Meter.Name: "Mhc.MLNet", Name: "mhc.tokens" })
                itself.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref run, count));
        listener.Start();
        long scored = way.Score();
        return (scored, run == 0 ? scored : run);
    }
}
