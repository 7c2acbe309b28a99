using ScottPlot;

namespace Mhc.Cli;

/// <summary>The colours of a figure, for paper or for a dark page.</summary>
internal sealed record Theme(Color Background, Color Text, Color Grid, IReadOnlyList<Color> Lines)
{
    // Okabe and Ito's palette, which the colour-blind can tell apart, without its yellow, which paper swallows; first what stands out.
    private static readonly string[] OnPaper = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1A1A1A"];
    private static readonly string[] OnDark = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#E2E4E9"];

    public static Theme Light { get; } = new(Colors.White, Color.FromHex("#1A1A1A"), Color.FromHex("#E4E4E4"), Palette(OnPaper));

    public static Theme Dark { get; } = new(Color.FromHex("#16181D"), Color.FromHex("#E2E4E9"), Color.FromHex("#33363E"), Palette(OnDark));

    /// <summary>The colour of a line, beginning again where there are more than seven.</summary>
    public Color Line(int index) => Lines[index % Lines.Count];

    private static Color[] Palette(string[] colors) => [.. colors.Select(Color.FromHex)];
}
