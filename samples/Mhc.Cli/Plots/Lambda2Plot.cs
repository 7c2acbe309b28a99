using ScottPlot;

namespace Mhc.Cli;

/// <summary>|λ₂| of each sublayer over the run, coloured by depth.</summary>
internal static class Lambda2Plot
{
    public static Figure? Draw(Metrics metrics, Theme theme)
    {
        (int Step, double[] Values)[] evaluations =
        [
            .. metrics.Evaluations.Select(evaluation => (evaluation.Step, evaluation.List("matrices", "lambda2")))
                .Where(evaluation => evaluation.Item2 is not null).Select(evaluation => (evaluation.Step, evaluation.Item2!)),
        ];
        if (evaluations.Length < 2)
            return null;
        var figure = new Figure(theme, "Second eigenvalue of H_res", "update", "|λ₂|");
        int sublayers = evaluations[0].Values.Length;
        // Without its brightest end, which paper swallows; on a dark page without its darkest.
        var depth = new Depth(sublayers, theme == Theme.Light ? new(0, 0.88) : new(0.25, 1));
        for (int b = 0; b < sublayers; b++)
        {
            figure.Line(evaluations.Select(evaluation => (double)evaluation.Step), evaluations.Select(evaluation => evaluation.Values[b]),
                depth.Colormap.GetColor(b / Math.Max(1.0, sublayers - 1)), width: sublayers <= 32 ? 2 : 1);
        }
        double[] all = [.. evaluations.SelectMany(evaluation => evaluation.Values)];
        if (all.Max() - all.Min() < 1e-6) // H_res that does not change: a scale of its rounding would say nothing.
            figure.Plot.Axes.SetLimitsY(0, 1.05 * Math.Max(1, all.Max()));
        figure.Plot.Axes.Bottom.TickGenerator = Figure.WholeNumbers;
        figure.ColorBar(depth, "sublayer");
        return figure;
    }

    private sealed class Depth(int sublayers, ScottPlot.Range part) : IHasColorAxis
    {
        public IColormap Colormap { get; } = new Part(part);

        public ScottPlot.Range GetRange() => new(0, Math.Max(1, sublayers - 1));
    }

    private sealed class Part(ScottPlot.Range part) : IColormap
    {
        private readonly ScottPlot.Colormaps.Viridis _whole = new();

        public string Name => _whole.Name;

        public Color GetColor(double position) => _whole.GetColor(part.Min + (position * (part.Max - part.Min)));
    }
}
