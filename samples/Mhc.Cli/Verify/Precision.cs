namespace Mhc.Cli.Verify;

/// <summary>How far a graph may be from the double-precision reference, by what its weights and products are stored and computed in.</summary>
internal static class Precision
{
    private static readonly Dictionary<string, double> Tolerances = new()
    {
        // Rounding alone. Two versions of PyTorch differ by about a quarter of this.
        ["float32"] = 2e-5,
    };

    /// <summary>The largest difference, as a part of the largest value, or absolute where that is below 1.</summary>
    /// <exception cref="InvalidDataException">The precision is none that is known.</exception>
    public static double ToleranceOf(string precision, string path) => Tolerances.TryGetValue(precision, out double tolerance) ? tolerance
        : throw new InvalidDataException($"{path}: `mhc.precision` is \"{precision}\"; expected {string.Join(" or ", Tolerances.Keys)}. "
            + "Verify it with the version of mhc that exported it.");
}
