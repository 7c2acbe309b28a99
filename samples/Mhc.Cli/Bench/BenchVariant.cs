using Mhc.Training;

namespace Mhc.Cli.Bench;

/// <summary>A design to measure: settings over those that all designs share.</summary>
internal sealed record BenchVariant(string Name, IReadOnlyList<string> Settings)
{
    public static readonly BenchVariant Baseline = new("baseline", ["residual=none"]);

    /// <summary>The control: what the machine's noise makes of no difference at all.</summary>
    public static readonly BenchVariant Control = Baseline with { Name = "baseline again (A/A)" };

    public static readonly IReadOnlyList<BenchVariant> Default =
    [
        new("hc", ["residual=hc", "streams=4"]),
        new("mhc", ["residual=mhc", "streams=4", "h_res=sinkhorn", "init=live"]),
    ];

    /// <param name="text">NAME=key=value,key=value</param>
    public static BenchVariant Parse(string text)
    {
        string[] parts = text.Split('=', 2);
        if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
        {
            throw new InvalidDataException($"Variant `{text}`: expected NAME=key=value,key=value, "
                + "for example mhc8=residual=mhc,streams=8.");
        }
        return new(parts[0], Split(parts[1]));
    }

    /// <summary>The settings of a run of this design.</summary>
    /// <exception cref="InvalidDataException">Lists everything that is wrong with them.</exception>
    public RunSettings Resolve(string preset, IEnumerable<string> shared)
    {
        try
        {
            return RunSettings.Resolve(preset, settings: shared.Concat(Settings));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"Variant {Name}: {e.Message}", e);
        }
    }

    // Commas within brackets belong to a value: ns_coeffs=[3.0,-3.2,1.2].
    private static List<string> Split(string settings)
    {
        var found = new List<string> { "" };
        int depth = 0;
        foreach (char c in settings)
        {
            depth += c switch { '[' => 1, ']' => -1, _ => 0 };
            if (c == ',' && depth == 0)
                found.Add("");
            else
                found[^1] += c;
        }
        return found;
    }
}
