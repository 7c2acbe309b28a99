using System.Diagnostics;
using System.Globalization;
using Mhc.Cli.Verify;
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
        var graphs = files.Export(plan);
        var matmul = new List<double>();
        var measurements = new List<GraphMeasurement>();
        foreach (int threads in plan.Threads)
        {
            using SessionOptions options = Options(threads);
            using var yardstick = new MatmulGraph(options);
            using var sessions = new DisposableList<InferenceSession>(
                graphs.Select(graph => new InferenceSession(graph.File.Path, options)));
            foreach (GraphSize size in plan.Sizes)
            {
                using var runs = new DisposableList<GraphRun>(graphs.Zip(sessions, (graph, session) =>
                    GraphRun.Of(session, graph.Variant, size, plan.Past, plan.Model.VocabSize)));
                string what = plan.Past == 0 ? $"{size}" : $"{size} after {plan.Past}";
                double[][] seconds = Time(plan.Rounds, $"{what}, {threads} threads", runs, yardstick, matmul, onProgress);
                measurements.AddRange(graphs.Zip(seconds, (graph, times) => new GraphMeasurement(what, threads,
                    graph.Variant.Name, graph.File.Layout, graph.File.NodeCount, size.Batch * size.Tokens, times)));
            }
        }
        return ([.. matmul], measurements);
    }

    private static double[][] Time(
        int rounds, string what, List<GraphRun> graphs, MatmulGraph yardstick, List<double> matmul, Action<string> onProgress)
    {
        onProgress($"{what}: warming up");
        foreach (GraphRun graph in graphs)
            graph.Run();
        yardstick.Gflops();
        // As many runs a turn as make the clock and the switch between graphs small beside them.
        int runs = (int)Math.Clamp(Turn.TotalSeconds / Seconds(graphs[0], 1), 1, 1000);
        double[][] seconds = [.. graphs.Select(_ => new double[rounds])];
        for (int round = 0; round < rounds; round++)
        {
            matmul.Add(yardstick.Gflops());
            for (int turn = 0; turn < graphs.Count; turn++) // Each round starts with another graph.
            {
                int graph = (round + turn) % graphs.Count;
                seconds[graph][round] = Seconds(graphs[graph], runs);
            }
            onProgress(string.Create(CultureInfo.InvariantCulture,
                $"{what}, round {round + 1}/{rounds}: {matmul[^1]:f0} GFLOP/s; ms a run: ")
                + string.Join(", ", seconds.Select(times => (times[round] * 1e3).ToString("n2", CultureInfo.InvariantCulture))));
        }
        return seconds;

        static double Seconds(GraphRun graph, int count)
        {
            var watch = Stopwatch.StartNew();
            for (int run = 0; run < count; run++)
                graph.Run();
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
