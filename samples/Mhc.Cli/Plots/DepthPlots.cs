using ScottPlot;

namespace Mhc.Cli;

/// <summary>What is one value a sublayer, over depth.</summary>
internal static class DepthPlots
{
    private const string Depth = "sublayer (even: attention, odd: MLP)";

    /// <summary>How much signals and gradients can grow, and how much of a difference between streams is left at least.</summary>
    public static Figure CompositeGain(
        IReadOnlyList<double> forward, IReadOnlyList<double> backward, IReadOnlyList<double> sigmaMin, Theme theme)
    {
        Figure figure = Over(forward.Count, theme, "From each sublayer to the last", "gain of the composite of H_res");
        Sublayers(figure, forward, 0, "forward: largest column sum");
        Sublayers(figure, backward, 1, "backward: largest row sum", LinePattern.DenselyDashed);
        Sublayers(figure, sigmaMin, 2, "σ min: smallest singular value", LinePattern.Dotted);
        figure.Plot.Axes.SetLimitsY(0, 1.4 * forward.Concat(backward).Append(1).Max());
        figure.Plot.ShowLegend(Alignment.UpperLeft);
        return figure;
    }

    /// <summary>Whether the streams hold different things.</summary>
    public static Figure? StreamCosine(Evaluation evaluation, Theme theme)
    {
        if (evaluation.List("streams", "cosine") is not { } mean || evaluation.List("streams", "cosine_min") is not { } min
            || evaluation.List("streams", "cosine_max") is not { } max)
        {
            return null;
        }
        Figure figure = Over(mean.Length, theme, $"Similarity of the streams, update {evaluation.Step}", "signed cosine of two streams");
        (double, double, double)[] pairs = [.. Enumerable.Range(0, mean.Length).Select(b => ((double)b, min[b], max[b]))];
        ScottPlot.Plottables.FillY band = figure.Plot.Add.FillY(pairs);
        band.FillColor = theme.Line(0).WithAlpha(0.2);
        band.LineWidth = band.MarkerSize = 0;
        band.LegendText = "lowest to highest pair";
        Sublayers(figure, mean, 0, "mean of all pairs");
        figure.Plot.Axes.SetLimitsY(Math.Min(0, min.Min() - 0.05), 1.05);
        figure.Plot.ShowLegend(Alignment.LowerRight);
        return figure;
    }

    /// <summary>How large the streams are.</summary>
    public static Figure? StreamRms(Evaluation evaluation, Theme theme)
    {
        if (evaluation.Lists("streams", "rms") is not { Length: > 0 } rms)
            return null;
        Figure figure = Over(rms.Length, theme, $"Size of the streams, update {evaluation.Step}", "root mean square of the elements");
        for (int s = 0; s < rms[0].Length; s++)
            Sublayers(figure, [.. rms.Select(streams => streams[s])], s, $"stream {s}");
        figure.Plot.Axes.SetLimitsY(0, 1.05 * rms.Max(streams => streams.Max()));
        figure.Plot.ShowLegend(Alignment.UpperLeft);
        return figure;
    }

    /// <summary>How many of the streams' directions are in use.</summary>
    public static Figure? EffectiveRank(Evaluation evaluation, Theme theme)
    {
        if (evaluation.List("streams", "effective_rank") is not { } rank)
            return null;
        int streams = evaluation.Lists("streams", "rms")![0].Length;
        Figure figure = Over(
            rank.Length, theme, $"Effective rank of the streams, update {evaluation.Step}", $"effective rank, 1 to {streams}");
        Sublayers(figure, rank, 0, null);
        figure.Plot.Axes.SetLimitsY(0.9, streams + 0.1);
        return figure;
    }

    private static Figure Over(int sublayers, Theme theme, string title, string yLabel)
    {
        var figure = new Figure(theme, title, Depth, yLabel);
        figure.Plot.Axes.SetLimitsX(-0.5, sublayers - 0.5);
        figure.Plot.Axes.Bottom.TickGenerator = Figure.WholeNumbers;
        return figure;
    }

    private static void Sublayers(Figure figure, IReadOnlyList<double> values, int color, string? legend, LinePattern? pattern = null) =>
        figure.Line(Enumerable.Range(0, values.Count).Select(b => (double)b), values, figure.Theme.Line(color), legend,
            marker: values.Count <= 32 ? 6 : 0, pattern: pattern);
}
