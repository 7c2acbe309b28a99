using System.Globalization;
using Mhc.Onnx;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Mhc.Cli;

/// <summary>The matrices of all sublayers in one picture each.</summary>
internal static class MatrixPlots
{
    private static readonly ScottPlot.Range ZeroToOne = new(0, 1);

    /// <summary>H_res of each sublayer, rows "from", columns "to".</summary>
    public static Figure HRes(IReadOnlyList<HMatrices> matrices, Theme theme)
    {
        // Whole blocks in a row, about four cells wide to three high; small ones go over two columns of a paper.
        int columns = 2 * (int)Math.Clamp(Math.Round(Math.Sqrt(matrices.Count / 3.0)), 1, 8);
        int rows = (matrices.Count + columns - 1) / columns;
        bool small = matrices.Count > 24;
        int width = small ? 1200 : 600, streams = matrices[0].Streams;
        double cell = streams * 1.3; // A matrix, a gap, and its name above.
        double pixels = (width - 130.0) / columns;
        var figure = new Figure(theme, $"H_res of the {matrices.Count} sublayers, shared scale", "to stream", "from stream",
            width, (int)(90 + (rows * pixels * 1.08)));
        figure.WithoutAxes();
        ScottPlot.Plottables.Heatmap? any = null;
        float nameSize = Math.Clamp((float)pixels * 0.13f, 11, 14);
        foreach ((int index, HMatrices h) in matrices.Index())
        {
            double left = index % columns * cell, top = -(index / columns) * cell * 1.08;
            any = figure.Heatmap(Values(h.HRes), new(left, left + streams, top - streams, top), ZeroToOne);
            string name = $"{index / 2} {(index % 2 == 0 ? "attn" : "MLP")}";
            figure.Text(name, left + (streams / 2.0), top + (cell * 0.02), nameSize, Alignment.LowerCenter);
            if (pixels / streams > 26)
                Numbers(figure, h, left, top, (float)(pixels / cell * 0.34));
        }
        double lastRow = -(rows - 1) * cell * 1.08;
        figure.Plot.Axes.SetLimits(-0.15 * streams, (columns * cell) - (0.2 * streams), lastRow - streams - 0.5, cell * 0.3);
        figure.Plot.Axes.Left.TickGenerator = Labels(streams, s => lastRow - s - 0.5);
        figure.Plot.Axes.Bottom.TickGenerator = Labels(streams, s => s + 0.5);
        figure.ColorBar(any!, "entry of H_res");
        return figure;
    }

    /// <summary>h_pre and h_post, a column for each sublayer.</summary>
    public static Figure ReadAndWrite(IReadOnlyList<HMatrices> matrices, Theme theme)
    {
        int streams = matrices[0].Streams, count = matrices.Count;
        var figure = new Figure(
            theme, "What each sublayer reads and writes", "sublayer (even: attention, odd: MLP)", "stream", height: 340);
        double most = Math.Max(1, matrices.Max(h => h.HPre.Concat(h.HPost).Max()));
        CoordinateRect above = new(-0.5, count - 0.5, streams + 1, (2 * streams) + 1), below = new(-0.5, count - 0.5, 0, streams);
        ScottPlot.Plottables.Heatmap read = figure.Heatmap(ByStream(matrices, h => h.HPre), above, new(0, most));
        figure.Heatmap(ByStream(matrices, h => h.HPost), below, new(0, most));
        figure.Text("h_pre", -0.5 + (0.01 * count), (2 * streams) + 1.1, 14, Alignment.LowerLeft);
        figure.Text("h_post", -0.5 + (0.01 * count), streams + 0.1, 14, Alignment.LowerLeft);
        figure.Plot.HideGrid();
        figure.Plot.Axes.SetLimits(-0.5, count - 0.5, 0, (2 * streams) + 2);
        figure.Plot.Axes.Bottom.TickGenerator = Figure.WholeNumbers;
        figure.Plot.Axes.Left.TickGenerator = new NumericManual(
            [.. Enumerable.Range(0, 2 * streams).Select(i => i < streams ? streams - i - 0.5 : (3 * streams) + 1 - i - 0.5)],
            [.. Enumerable.Range(0, 2 * streams).Select(i => $"{i % streams}")]);
        figure.ColorBar(read, "weight");
        return figure;
    }

    private static void Numbers(Figure figure, HMatrices h, double left, double top, float size)
    {
        foreach ((int from, IReadOnlyList<double> row) in h.HRes.Index())
            foreach ((int to, double value) in row.Index())
                figure.Text(value.ToString("f2", CultureInfo.InvariantCulture), left + to + 0.5, top - from - 0.5, size,
                    color: value > 0.6 ? Colors.Black : Colors.White);
    }

    private static NumericManual Labels(int streams, Func<int, double> at) =>
        new([.. Enumerable.Range(0, streams).Select(at)], [.. Enumerable.Range(0, streams).Select(s => $"{s}")]);

    private static double[,] Values(IReadOnlyList<IReadOnlyList<double>> rows)
    {
        var values = new double[rows.Count, rows[0].Count];
        foreach ((int i, IReadOnlyList<double> row) in rows.Index())
            foreach ((int j, double value) in row.Index())
                values[i, j] = value;
        return values;
    }

    private static double[,] ByStream(IReadOnlyList<HMatrices> matrices, Func<HMatrices, IReadOnlyList<double>> weights)
    {
        var values = new double[matrices[0].Streams, matrices.Count];
        foreach ((int b, HMatrices h) in matrices.Index())
            foreach ((int s, double weight) in weights(h).Index())
                values[s, b] = weight;
        return values;
    }
}
