using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Bench;

/// <summary>
/// Runs exported graphs of one model side by side and times them in turn, so that what else the machine does meets all of them alike.
/// All sessions are open at once and sleep where they wait.
/// </summary>
internal static class GraphComparison
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(20);

    /// <param name="plan">What to measure.</param>
    /// <param name="onProgress">Called with a line after each step of the way.</param>
    public static (double[] MatmulGflops, IReadOnlyList<GraphMeasurement> Graphs) Run(GraphPlan plan, Action<string> onProgress)
    {
        using var files = new GraphFiles();
        onProgress("exporting");
        var graphs = files.Export(plan, [GraphVariant.Baseline, GraphVariant.Control, .. plan.Variants]);
        var matmul = new List<double>();
        var measurements = new List<GraphMeasurement>();
        foreach (int threads in plan.Threads)
        {
            using SessionOptions options = Options(threads);
            using var yardstick = new MatmulGraph(options);
            InferenceSession[] sessions = [.. graphs.Select(graph => new InferenceSession(graph.File.Path, options))];
            try
            {
                foreach (GraphSize size in plan.Sizes)
                {
                    double[][] seconds = Time(plan, size, threads, sessions, yardstick, matmul, onProgress);
                    measurements.AddRange(graphs.Zip(seconds, (graph, times) => new GraphMeasurement($"{size}", threads,
                        graph.Variant.Name, graph.File.Layout, graph.File.NodeCount, size.Batch * size.Tokens, times)));
                }
            }
            finally
            {
                foreach (InferenceSession session in sessions)
                    session.Dispose();
            }
        }
        return ([.. matmul], measurements);
    }

    private static double[][] Time(GraphPlan plan, GraphSize size, int threads, InferenceSession[] sessions, MatmulGraph yardstick,
        List<double> matmul, Action<string> onProgress)
    {
        onProgress($"{size}, {threads} threads: warming up");
        using var batch = new ScoringRun(size, plan.Model.VocabSize);
        foreach (InferenceSession session in sessions)
            batch.Run(session);
        yardstick.Gflops();
        // As many runs a turn as make the clock and the switch between sessions small beside them.
        int runs = (int)Math.Clamp(Turn.TotalSeconds / Seconds(sessions[0], 1), 1, 1000);
        double[][] seconds = [.. sessions.Select(_ => new double[plan.Rounds])];
        for (int round = 0; round < plan.Rounds; round++)
        {
            matmul.Add(yardstick.Gflops());
            for (int turn = 0; turn < sessions.Length; turn++) // Each round starts with another graph.
            {
                int graph = (round + turn) % sessions.Length;
                seconds[graph][round] = Seconds(sessions[graph], runs);
            }
            onProgress(string.Create(CultureInfo.InvariantCulture,
                $"{size}, {threads} threads, round {round + 1}/{plan.Rounds}: {matmul[^1]:f0} GFLOP/s; ms a run: ")
                + string.Join(", ", seconds.Select(times => (times[round] * 1e3).ToString("n2", CultureInfo.InvariantCulture))));
        }
        return seconds;

        double Seconds(InferenceSession session, int count)
        {
            var watch = Stopwatch.StartNew();
            for (int run = 0; run < count; run++)
                batch.Run(session);
            return watch.Elapsed.TotalSeconds / count;
        }
    }

    // As MhcScorer opens its sessions.
    private static SessionOptions Options(int threads)
    {
        var options = new SessionOptions { IntraOpNumThreads = threads, EnableMemoryPattern = false };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return options;
    }
}
