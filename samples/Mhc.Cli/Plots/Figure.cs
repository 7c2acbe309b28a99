using System.Globalization;
using ScottPlot;
using ScottPlot.Panels;
using ScottPlot.TickGenerators;

namespace Mhc.Cli;

/// <summary>A plot in the common style: one column of a paper wide, text of about seven points there.</summary>
internal sealed class Figure
{
    private const float TextSize = 15;
    private const float TickDrop = 2; // ScottPlot centres the line, not the digits.
    private readonly int _width, _height;

    public Figure(Theme theme, string title, string xLabel, string yLabel, int width = 600, int height = 400)
    {
        (Theme, _width, _height) = (theme, width, height);
        Plot.FigureBackground.Color = Plot.DataBackground.Color = theme.Background;
        Plot.Axes.Color(theme.Text);
        Plot.Grid.MajorLineColor = theme.Grid;
        Plot.Legend.BackgroundColor = theme.Background.WithAlpha(0.85);
        Plot.Legend.FontColor = theme.Text;
        Plot.Legend.OutlineColor = theme.Grid;
        Plot.Legend.ShadowColor = Colors.Transparent;
        Plot.Axes.Right.FrameLineStyle.Width = Plot.Axes.Top.FrameLineStyle.Width = 0;
        foreach (IAxis axis in Plot.Axes.GetAxes())
            axis.MinorTickStyle.Length = 0;
        Plot.Axes.Left.TickGenerator = new NumericAutomatic { TargetTickCount = 9 };
        Plot.Title(title);
        Plot.XLabel(xLabel);
        Plot.YLabel(yLabel);
    }

    public Theme Theme { get; }

    public Plot Plot { get; } = new();

    /// <summary>Whether it goes over two columns.</summary>
    public bool IsWide => _width > 600;

    /// <summary>A line, or points joined by one.</summary>
    public void Line(IEnumerable<double> xs, IEnumerable<double> ys, Color color, string? legend = null, float width = 2, float marker = 0,
        LinePattern? pattern = null)
    {
        ScottPlot.Plottables.Scatter line = Plot.Add.ScatterLine(xs.ToArray(), ys.ToArray(), color);
        line.LineWidth = width;
        line.MarkerSize = marker;
        line.MarkerShape = MarkerShape.FilledCircle;
        line.LinePattern = pattern ?? LinePattern.Solid;
        line.LegendText = legend ?? "";
    }

    /// <summary>A matrix, its first row on top; NaN is left blank.</summary>
    public ScottPlot.Plottables.Heatmap Heatmap(double[,] values, CoordinateRect place, ScottPlot.Range range)
    {
        ScottPlot.Plottables.Heatmap heatmap = Plot.Add.Heatmap(values);
        heatmap.Rectangle = place;
        heatmap.ManualRange = range;
        heatmap.Colormap = new ScottPlot.Colormaps.Viridis();
        heatmap.NaNCellColor = Theme.Background;
        return heatmap;
    }

    public void Text(string text, double x, double y, float size, Alignment alignment = Alignment.MiddleCenter, Color? color = null)
    {
        ScottPlot.Plottables.Text label = Plot.Add.Text(text, x, y);
        label.LabelFontName = PlotFont.Name;
        label.LabelFontSize = size;
        label.LabelFontColor = color ?? Theme.Text;
        label.LabelAlignment = alignment;
        label.LabelOffsetY = TickDrop * size / TextSize;
    }

    /// <summary>A scale of colours at the right.</summary>
    /// <param name="ticks">Position and text of each tick; chosen for the range where it is null.</param>
    public void ColorBar(IHasColorAxis source, string label, (double At, string Text)[]? ticks = null)
    {
        var bar = new ColorBar(source, Edge.Right) { Label = label };
        Plot.Axes.AddPanel(bar);
        bar.LabelStyle.FontName = PlotFont.Name;
        bar.LabelStyle.FontSize = TextSize;
        bar.LabelStyle.ForeColor = Theme.Text;
        bar.Axis.TickLabelStyle.FontName = PlotFont.Name;
        bar.Axis.TickLabelStyle.FontSize = TextSize - 2;
        bar.Axis.TickLabelStyle.ForeColor = Theme.Text;
        bar.Axis.FrameLineStyle.Color = bar.Axis.MajorTickStyle.Color = Theme.Text;
        bar.Axis.MinorTickStyle.Length = 0;
        bar.Axis.TickLabelStyle.OffsetY = TickDrop;
        bar.Axis.TickGenerator = ticks is null
            ? new NumericAutomatic { TargetTickCount = 8 }
            : new NumericManual([.. ticks.Select(tick => tick.At)], [.. ticks.Select(tick => tick.Text)]);
    }

    /// <summary>No frame, grid or ticks, for what brings its own.</summary>
    public void WithoutAxes()
    {
        Plot.HideGrid();
        foreach (IAxis axis in Plot.Axes.GetAxes())
        {
            axis.FrameLineStyle.Width = 0;
            axis.MajorTickStyle.Length = axis.MinorTickStyle.Length = 0;
            axis.TickGenerator = new NumericManual();
        }
    }

    /// <summary>Whole numbers only: sublayers, streams, updates.</summary>
    public static NumericAutomatic WholeNumbers => new()
    {
        IntegerTicksOnly = true,
        TargetTickCount = 7,
        LabelFormatter = value => value.ToString("n0", CultureInfo.InvariantCulture),
    };

    /// <summary>The picture, two and a half pixels to a point.</summary>
    public byte[] Png()
    {
        const double Scale = 2.5;
        Plot.Font.Set(PlotFont.Name);
        Plot.Axes.Left.TickLabelStyle.OffsetY = TickDrop;
        foreach (IAxis axis in Plot.Axes.GetAxes())
        {
            axis.Label.FontSize = TextSize;
            axis.TickLabelStyle.FontSize = TextSize - 2;
            axis.Label.Bold = false;
        }
        Plot.Axes.Title.Label.FontSize = TextSize + 1;
        Plot.Axes.Title.Label.Bold = false;
        Plot.Legend.FontSize = TextSize - 2;
        Plot.ScaleFactor = Scale;
        return Plot.GetImageBytes((int)(_width * Scale), (int)(_height * Scale), ImageFormat.Png);
    }
}
