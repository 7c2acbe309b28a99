namespace Mhc.Training;

/// <summary>What texts that the model was not trained on score: from it a threshold for odd ones can be told.</summary>
/// <param name="Unit">What a text is: <c>line</c> or <c>document</c>.</param>
/// <param name="Count">How many texts were scored.</param>
/// <param name="Levels">Percentages from 0 to 100, ascending.</param>
/// <param name="Values">
/// Bits per byte for each level, ascending: that share of the texts scores at most so much. Between two texts it is interpolated.
/// </param>
public sealed record BitsPerByteQuantiles(string Unit, int Count, double[] Levels, double[] Values)
{
    private static readonly double[] AllLevels =
        [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9, 100];

    /// <param name="bitsPerByte">Of at least one text, in any order.</param>
    internal static BitsPerByteQuantiles Of(string unit, IEnumerable<double> bitsPerByte)
    {
        double[] sorted = [.. bitsPerByte.Order()];
        return new(unit, sorted.Length, AllLevels, [.. AllLevels.Select(level => At(sorted, level))]);
    }

    internal ValidationQuantiles Summary() => new(Value(50), Value(95), Value(99), Value(99.9), Count);

    private double Value(double level) => Values[Array.IndexOf(Levels, level)];

    // The median of an even number of texts lies half-way between the middle two, and so on.
    private static double At(double[] sorted, double level)
    {
        double place = level / 100 * (sorted.Length - 1);
        int below = (int)place;
        double above = sorted[Math.Min(below + 1, sorted.Length - 1)];
        return sorted[below] + ((place - below) * (above - sorted[below]));
    }
}
