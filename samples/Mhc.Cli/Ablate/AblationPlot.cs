using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace Mhc.Cli.Ablate;

/// <summary>
/// An ablation as a picture: on the left every run's loss, on the right its difference to the baseline of the same seed and what the
/// seeds' spread allows to say of it.
/// </summary>
internal static class AblationPlot
{
    private const int DataWidth = 440, RowHeight = 32, Above = 6, Below = 62, Gap = 28, Resolution = 2;
    private const float FontSize = 15, LineWidth = 2.5f;

    // Okabe and Ito's colours, which colour-blind readers tell apart.
    private static readonly Color Better = Color.FromHex("#0072B2"), Worse = Color.FromHex("#D55E00"), Unclear = Color.FromHex("#7F7F7F");

    public static void Save(AblationResult result, string path)
    {
        int names = 30 + (int)(result.Variants.Max(variant => variant.Name.Length) * FontSize * 0.56);
        int width = names + (2 * DataWidth) + (3 * Gap), height = Above + Below + (RowHeight * (result.Variants.Count + 1));
        var both = new Multiplot();
        both.AddPlots(2);
        both.Layout = new SideBySide(names + DataWidth + Gap);
        (Plot losses, Plot differences) = (both.GetPlot(0), both.GetPlot(1));
        double? baseline = result.Variants.FirstOrDefault(variant => variant.Name == result.Baseline)?.FinalValLoss.Mean;
        if (baseline is { } loss)
            Reference(losses, loss, result);
        Reference(differences, 0, result);
        foreach ((int index, VariantResult variant) in result.Variants.Index())
        {
            Color color = ColorOf(variant, result);
            Losses(losses, variant, -index, color);
            if (variant.Difference is { } difference)
                Difference(differences, difference, -index, color);
        }
        Frame(losses, result, names, "Final validation loss, nats per token (dots: seeds)");
        Frame(differences, result, Gap, $"Difference to {result.Baseline}, mean and 95 % interval");
        differences.Axes.Left.TickLabelStyle.IsVisible = false;
        Legend(differences, result);

        using SKSurface surface = SKSurface.Create(new SKImageInfo(width * Resolution, height * Resolution));
        surface.Canvas.Scale(Resolution);
        both.Render(surface.Canvas, new PixelRect(0, width, height, 0));
        using SKImage image = surface.Snapshot();
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, png.ToArray());
    }

    // Below the legend's row and behind what is compared with it.
    private static void Reference(Plot plot, double value, AblationResult result) =>
        plot.Add.Line(value, 0.5 - result.Variants.Count, value, 0.5).LineStyle = new LineStyle(1.2f, Colors.Black, LinePattern.Dashed);

    private static void Losses(Plot plot, VariantResult variant, double row, Color color)
    {
        double[] losses = [.. variant.Runs.Select(run => run.FinalValLoss)];
        plot.Add.Markers(losses, [.. losses.Select(_ => row)], MarkerShape.FilledCircle, 8, color.WithAlpha(0.45));
        plot.Add.Marker(variant.FinalValLoss.Mean, row, MarkerShape.FilledDiamond, 11, color);
    }

    private static void Difference(Plot plot, PairedDifference difference, double row, Color color)
    {
        if (difference.Low is { } low && difference.High is { } high)
            plot.Add.Line(low, row, high, row).LineStyle = new LineStyle(LineWidth, color);
        plot.Add.Marker(difference.Mean, row, MarkerShape.FilledDiamond, 11, color);
    }

    private static void Frame(Plot plot, AblationResult result, int left, string title)
    {
        plot.Font.Set(PlotFont.Name);
        plot.Layout.Fixed(new PixelPadding(left, Gap, Below, Above));
        plot.Axes.Left.SetTicks(
            [.. result.Variants.Select((_, index) => -(double)index)], [.. result.Variants.Select(variant => variant.Name)]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Left.TickLabelStyle.FontSize = plot.Axes.Bottom.TickLabelStyle.FontSize = plot.Axes.Bottom.Label.FontSize = FontSize;
        plot.Axes.Left.TickLabelStyle.OffsetY = 3; // Its line is drawn through the middle of the small letters.
        plot.Axes.Bottom.Label.Text = title;
        plot.Axes.Bottom.Label.Bold = false;
        foreach (IAxis axis in new IAxis[] { plot.Axes.Left, plot.Axes.Right, plot.Axes.Top })
            axis.FrameLineStyle.Width = 0;
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Grid.YAxisStyle.MajorLineStyle = new LineStyle(1, Color.FromHex("#E8E8E8"));
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsY(0.5 - result.Variants.Count, 1.5); // The legend has a row of its own.
        double span = plot.Axes.Bottom.Range.Span;
        string decimals = $"f{Math.Clamp((int)Math.Ceiling(-Math.Log10(span / 4)), 0, 6)}";
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic
        {
            LabelFormatter = tick => tick.ToString(decimals, CultureInfo.InvariantCulture).Replace('-', '−'),
            TickDensity = 0.6,
        };
    }

    private static void Legend(Plot plot, AblationResult result)
    {
        foreach ((Verdict verdict, Color color) in new[] { (Verdict.Better, Better), (Verdict.Worse, Worse), (Verdict.Hidden, Unclear) })
        {
            if (result.Variants.Any(variant => variant.Difference?.Verdict == verdict))
            {
                plot.Legend.ManualItems.Add(
                    new LegendItem { LabelText = AblationReport.Text(verdict), LineColor = color, LineWidth = LineWidth });
            }
        }
        plot.ShowLegend(Alignment.UpperCenter, Orientation.Horizontal);
        plot.Legend.TightHorizontalWrapping = true;
        plot.Legend.FontSize = FontSize - 1;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
    }

    private static Color ColorOf(VariantResult variant, AblationResult result) => variant.Difference?.Verdict switch
    {
        Verdict.Better => Better,
        Verdict.Worse => Worse,
        null when variant.Name == result.Baseline => Colors.Black,
        _ => Unclear,
    };

    /// <summary>The first panel, with the names at its left, is wider than the second.</summary>
    private sealed class SideBySide(float first) : IMultiplotLayout
    {
        public PixelRect[] GetSubplotRectangles(SubplotCollection subplots, PixelRect figure) =>
            [new(0, first, figure.Height, 0), new(first, figure.Width, figure.Height, 0)];
    }
}
