using System.Globalization;
using MathNet.Numerics.Statistics;

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
                string name = graph.Name == graph.Layout || graph.Layout == "plain" ? graph.Name : $"{graph.Name} ({graph.Layout})";
                table.Add([graph.Size, Number($"{graph.Threads}"), name, Number($"{graph.Operators}"),
                    Number($"{median * 1e3:n2}"), Number($"{graph.TokensPerRun / median:n0}"),
                    .. Ratios.Cells(graph.SecondsPerRun, baseline)]);
            }
        }
        return table;
    }

    public static string Markdown(GraphResult result) => $"""
        # Speed of the exported graph

        What does a residual design cost when it scores text? Whole runs of exported graphs in ONNX Runtime on the CPU, every position of
        the batch scored. All graphs are open in one process and take turns, each round begun by another; threads that wait sleep
        (`session.intra_op.allow_spinning=0`).
        A round's ratio is its time over that of the same model with a plain residual in the same round; the table has the ratios' median,
        lowest and quartiles, and the ratio of each graph's fastest round to the plain one's. The second plain graph is the control: its
        ratios are the noise.

            {result.Command}

        {result.Machine}, {result.Date}. {result.Model}.
        {Ratios.Yardstick(result.MatmulGflops)}

        {Table(result).Markdown()}
        """;

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
