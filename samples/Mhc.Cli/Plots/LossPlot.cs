using ScottPlot;

namespace Mhc.Cli;

/// <summary>Loss by update: training faint with its moving average, validation as points; a colour for each run.</summary>
internal static class LossPlot
{
    public static Figure Draw(IReadOnlyList<Run> runs, Theme theme)
    {
        var figure = new Figure(theme, "Loss", "update", "loss (nats per token)");
        foreach ((int index, Run run) in runs.Index())
        {
            Color color = theme.Line(index);
            IReadOnlyList<Point> train = run.Metrics!.Train, val = run.Metrics.Val;
            float width = 1.5f + Math.Min(3, runs.Count - 1 - index); // So that a run that lies under another one still shows.
            figure.Line(Steps(train), train.Select(point => point.Value), color.WithAlpha(0.25), width: 1);
            figure.Line(Steps(train), Smooth(train), color, runs.Count == 1 ? "training, smoothed" : run.Name, width);
            figure.Line(Steps(val), val.Select(point => point.Value), color, runs.Count == 1 ? "validation" : null,
                width, marker: 4 + width, pattern: LinePattern.DenselyDashed);
        }
        if (runs.Count > 1)
        {
            figure.Line([], [], theme.Text, "training, smoothed", width: 1.5f);
            figure.Line([], [], theme.Text, "validation", marker: 6, pattern: LinePattern.DenselyDashed);
        }
        LeaveOutTheStart(figure, runs);
        figure.Plot.Axes.Bottom.TickGenerator = Figure.WholeNumbers;
        figure.Plot.ShowLegend(Alignment.UpperRight);
        return figure;
    }

    // The fall from the untrained loss would flatten the rest: the scale is that of what comes after the first twentieth.
    private static void LeaveOutTheStart(Figure figure, IReadOnlyList<Run> runs)
    {
        Point[] all = [.. runs.SelectMany(run => run.Metrics!.Train.Concat(run.Metrics.Val))];
        double start = all.Max(point => point.Step) / 20.0;
        double[] shown = [.. all.Where(point => point.Step >= start).Select(point => point.Value)];
        double margin = 0.1 * (shown.Max() - shown.Min());
        if (margin > 0)
            figure.Plot.Axes.SetLimitsY(shown.Min() - margin, shown.Max() + margin);
    }

    private static IEnumerable<double> Steps(IReadOnlyList<Point> points) => points.Select(point => (double)point.Step);

    // An exponential moving average over about a fiftieth of the lines, without the bias of its start (as in Adam).
    private static IEnumerable<double> Smooth(IReadOnlyList<Point> points)
    {
        double keep = 1 - (1 / Math.Max(1, points.Count / 50.0));
        (double sum, double weight) = (0, 0);
        foreach (Point point in points)
        {
            (sum, weight) = ((keep * sum) + point.Value, (keep * weight) + 1);
            yield return sum / weight;
        }
    }
}
