using System.Globalization;
using Mhc.Onnx;
using ScottPlot.TickGenerators;

namespace Mhc.Cli;

/// <summary>
/// The residual streams unfolded: with constant matrices, what sublayer b reads is a weighted sum of the embedding and of the outputs of
/// the sublayers before it. Rows are readers, the mean of the final streams last; columns are the embedding e and the outputs.
/// </summary>
internal static class ConnectionPlot
{
    private static readonly int[] Steps = [1, 2, 4, 8, 16, 32, 64];
    private static readonly double[] Ticks = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5];

    public static Figure Draw(IReadOnlyList<HMatrices> matrices, Theme theme)
    {
        double[,] weights = Weights(matrices);
        int size = weights.GetLength(0);
        var figure = new Figure(
            theme, "Weight of each output in each input", "embedding e, and output of sublayer", "input of sublayer", height: 500);
        double most = Math.Max(1, weights.Cast<double>().Where(double.IsFinite).Max());
        var roots = new double[size, size];
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++)
                roots[i, j] = Math.Sqrt(weights[i, j]); // NaN stays NaN, above the diagonal.
        ScottPlot.Plottables.Heatmap heatmap = figure.Heatmap(roots, new(-0.5, size - 0.5, -0.5, size - 0.5), new(0, Math.Sqrt(most)));
        figure.Plot.HideGrid();
        figure.Plot.Axes.SetLimits(-0.5, size - 0.5, -0.5, size - 0.5);
        int every = Steps.First(step => size / step <= 13);
        int[] shown = [.. Enumerable.Range(0, (size - 2) / every + 1).Select(i => i * every)];
        figure.Plot.Axes.Bottom.TickGenerator = new NumericManual(
            [0, .. shown.Skip(every > 1 ? 1 : 0).Select(a => a + 1.0)], ["e", .. shown.Skip(every > 1 ? 1 : 0).Select(a => $"{a}")]);
        figure.Plot.Axes.Left.TickGenerator = new NumericManual(
            [0, .. shown.Where(b => every == 1 || b < size - 1 - (every / 2)).Select(b => size - 1.0 - b)],
            ["final", .. shown.Where(b => every == 1 || b < size - 1 - (every / 2)).Select(b => $"{b}")]);
        figure.ColorBar(heatmap, "weight (square-root scale)",
        [
            .. Ticks.Where(value => value <= most)
                .Select(value => (Math.Sqrt(value), value.ToString(CultureInfo.InvariantCulture))),
        ]);
        return figure;
    }

    /// <summary>[reader][source], NaN where the source comes after the reader.</summary>
    public static double[,] Weights(IReadOnlyList<HMatrices> matrices)
    {
        (int count, int streams) = (matrices.Count, matrices[0].Streams);
        var weights = new double[count + 1, count + 1];
        // held[s][source]: the weight of a source in stream s. At first every stream is the embedding.
        double[][] held = [.. Enumerable.Range(0, streams).Select(_ => new double[count + 1])];
        foreach (double[] stream in held)
            stream[0] = 1;
        for (int reader = 0; reader <= count; reader++)
        {
            for (int source = 0; source <= count; source++)
            {
                weights[reader, source] = source > reader ? double.NaN
                    : Enumerable.Range(0, streams).Sum(s => (reader < count ? matrices[reader].HPre[s] : 1.0 / streams) * held[s][source]);
            }
            if (reader == count)
                break;
            HMatrices h = matrices[reader];
            held =
            [
                .. Enumerable.Range(0, streams).Select(to => Enumerable.Range(0, count + 1).Select(source =>
                    Enumerable.Range(0, streams).Sum(from => h.HRes[from][to] * held[from][source])
                    + (source == reader + 1 ? h.HPost[to] : 0)).ToArray()),
            ];
        }
        return weights;
    }
}
