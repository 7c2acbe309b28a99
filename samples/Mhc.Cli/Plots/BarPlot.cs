using ScottPlot;
using ScottPlot.TickGenerators;

namespace Mhc.Cli;

/// <summary>Amounts beside each other, the first on top.</summary>
internal static class BarPlot
{
    public static Figure Draw(string title, string unit, IReadOnlyList<(string Label, double Value, string Text)> bars, Theme theme)
    {
        var figure = new Figure(theme, title, unit, "", height: 110 + (22 * bars.Count));
        double most = bars.Max(bar => bar.Value);
        foreach ((int i, (_, double value, string text)) in bars.Index())
        {
            ScottPlot.Plottables.BarPlot bar = figure.Plot.Add.Bar(new Bar
            {
                Position = -i,
                Value = value,
                Size = 0.7,
                FillColor = theme.Line(0),
                LineWidth = 0,
            });
            bar.Horizontal = true;
            figure.Text(text, value + (0.01 * most), -i, 13, Alignment.MiddleLeft);
        }
        figure.Plot.HideGrid();
        figure.Plot.Axes.SetLimits(0, 1.15 * most, 0.6 - bars.Count, 0.6);
        figure.Plot.Axes.Left.TickGenerator = new NumericManual(
            [.. Enumerable.Range(0, bars.Count).Select(i => -(double)i)], [.. bars.Select(bar => bar.Label)]);
        figure.Plot.Axes.Left.MajorTickStyle.Length = 0;
        figure.Plot.Axes.Bottom.TickGenerator = new NumericAutomatic { TargetTickCount = 6 };
        return figure;
    }
}
