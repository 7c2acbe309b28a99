using MathNet.Numerics.Statistics;
using static System.FormattableString;

namespace Mhc.Cli.Bench;

/// <summary>A measurement of graphs as a table and as a page.</summary>
internal static class GraphReport
{
    public static ReportTable Table(GraphResult result)
    {
        var table = new ReportTable(["batch × tokens", "threads", "graph", "operators", "ms a run", "tokens/s", .. Ratios.Columns]);
        foreach (var group in result.Graphs.GroupBy(graph => (graph.Size, graph.Threads)))
        {
            double[] baseline = group.First().SecondsPerRun;
            foreach (GraphMeasurement graph in group)
            {
                double median = graph.SecondsPerRun.Median();
                // What auto took.
                string name = graph.Name.StartsWith(graph.Layout, StringComparison.Ordinal) ? graph.Name : $"{graph.Name} ({graph.Layout})";
                table.Add([graph.Size, Invariant($"{graph.Threads}"), name, Invariant($"{graph.Operators}"),
                    Invariant($"{median * 1e3:n2}"), Invariant($"{graph.TokensPerRun / median:n0}"),
                    .. Ratios.Cells(graph.SecondsPerRun, baseline)]);
            }
        }
        return table;
    }

    public static string Markdown(GraphResult result) => $"""
        # Speed of the exported graph

        What does a residual design cost? Whole runs of exported graphs in ONNX Runtime on the CPU: a batch with every position scored or,
        with `--past`, a step of decoding behind so many tokens, which lie in the cache or are run again. All graphs are open in one process and take turns, each round begun by another; threads that wait sleep
        (`session.intra_op.allow_spinning=0`).
        A round's ratio is its time over that of the same model with a plain residual in the same round; the table has the ratios' median,
        lowest and quartiles, and the ratio of each graph's fastest round to the plain one's. The second plain graph is the control: its
        ratios are the noise.

            {result.Command}

        {result.Machine}, {result.Date}. {result.Model}.
        {Ratios.Yardstick(result.MatmulGflops)}

        {Table(result).Markdown()}
        """;
}
