namespace Mhc.Cli.Verify;

/// <summary>How far a graph may be from the reference, by what its weights and products are stored and computed in.</summary>
internal static class Precision
{
    private static readonly Dictionary<string, double> Tolerances = new()
    {
        // Rounding alone. Two versions of PyTorch differ by about a quarter of this.
        ["float32"] = 2e-5,
        // Weights are other numbers here. Two to three times the most that models of noise and trained ones were seen to differ by.
        ["float16_weights"] = 3e-3,
        ["float16"] = 3e-3,
        ["int8"] = 0.06,
        ["int4"] = 0.6,
    };

    /// <summary>The largest difference, as a part of the largest value, or absolute where that is below 1.</summary>
    /// <exception cref="InvalidDataException">The precision is none that is known.</exception>
    public static double ToleranceOf(string precision, string path) => Tolerances.TryGetValue(precision, out double tolerance) ? tolerance
        : throw new InvalidDataException($"{path}: `mhc.precision` is \"{precision}\"; expected {string.Join(" or ", Tolerances.Keys)}. "
            + "Verify it with the version of mhc that exported it.");
}
