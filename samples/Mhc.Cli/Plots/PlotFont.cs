using ScottPlot;

namespace Mhc.Cli;

/// <summary>The font that comes with the program: without one ScottPlot draws no text on a bare system, and says nothing.</summary>
internal static class PlotFont
{
    static PlotFont() =>
        Fonts.AddFontFile(Name, Path.Combine(AppContext.BaseDirectory, "Plots", "Fonts", "DejaVuSans.ttf"), bold: false, italic: false);

    /// <summary>Registered by the time it is read.</summary>
    public static string Name { get; } = "DejaVu Sans";
}
