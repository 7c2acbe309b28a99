using System.Text.Json.Serialization;
using Mhc.MLNet.Scoring;

namespace Mhc.MLNet;

/// <summary>
/// What ordinary texts score: quantiles of bits per byte over validation texts that the model was not trained on. They turn a score into a
/// share of ordinary texts, and a share into a threshold.
/// </summary>
public sealed record MhcQuantiles
{
    private const string Key = "mhc.bits_per_byte_quantiles";

    /// <value>What one text is: <c>line</c> or <c>document</c>. Texts of another kind or length need a threshold of their own.</value>
    [JsonPropertyName("unit")]
    public required string Unit { get; init; }

    /// <value>How many texts were scored: with 1,000 of them, one lies above 99.9 %.</value>
    [JsonPropertyName("count")]
    public required int Count { get; init; }

    /// <value>Percentages, ascending from 0 to 100.</value>
    [JsonPropertyName("levels")]
    public required IReadOnlyList<double> Levels { get; init; }

    /// <value>Bits per byte for each of <see cref="Levels"/>, ascending.</value>
    [JsonPropertyName("values")]
    public required IReadOnlyList<double> Values { get; init; }

    /// <summary>
    /// The percentage of the validation texts that score at most this, interpolated between the levels: 0 below them all, 100 above, NaN
    /// for NaN.
    /// </summary>
    /// <param name="bitsPerByte">Bits per byte of a text.</param>
    public double Percentile(double bitsPerByte)
    {
        if (double.IsNaN(bitsPerByte))
            return double.NaN;
        int above = 0; // The first level whose value is higher.
        while (above < Values.Count && Values[above] <= bitsPerByte)
            above++;
        return above == 0 ? 0
            : above == Values.Count ? 100
            : Interpolate(bitsPerByte, Values[above - 1], Values[above], Levels[above - 1], Levels[above]);
    }

    /// <summary>Bits per byte that this percentage of the validation texts does not exceed, interpolated between the levels.</summary>
    /// <param name="percentile">0 to 100.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 0, more than 100 or NaN.</exception>
    public double Value(double percentile)
    {
        if (!(percentile is >= 0 and <= 100))
            throw new ArgumentOutOfRangeException(nameof(percentile), percentile, "Expected a percentage from 0 to 100.");
        int level = 1;
        while (Levels[level] < percentile)
            level++;
        return Interpolate(percentile, Levels[level - 1], Levels[level], Values[level - 1], Values[level]);
    }

    internal static MhcQuantiles? Read(MetadataReader reader)
    {
        if (!reader.Has(Key) || reader.ObjectOrNone<MhcQuantiles>(Key) is not { } quantiles) // Files of 0.1 lack it.
            return null;
        bool isWhole = quantiles is { Unit: not null, Count: > 0, Levels.Count: > 1, Values: not null }
            && quantiles.Levels.Count == quantiles.Values.Count
            && quantiles.Levels[0] == 0 && quantiles.Levels[^1] == 100
            && quantiles.Levels.Zip(quantiles.Levels.Skip(1)).All(pair => pair.First < pair.Second)
            && quantiles.Values.Zip(quantiles.Values.Skip(1)).All(pair => pair.First <= pair.Second)
            && double.IsFinite(quantiles.Values[0]) && double.IsFinite(quantiles.Values[^1]);
        return isWhole ? quantiles
            : reader.Wrong<MhcQuantiles>(Key, "an object with ascending `levels` from 0 to 100 and as many ascending `values`");
    }

    private static double Interpolate(double x, double x0, double x1, double y0, double y1) => y0 + ((x - x0) / (x1 - x0) * (y1 - y0));
}
