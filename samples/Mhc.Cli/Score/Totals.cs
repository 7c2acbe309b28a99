using System.Text.Json.Serialization;
using Mhc.MLNet;

namespace Mhc.Cli.Score;

/// <summary>What a part of the rows adds up to, each token weighing the same.</summary>
internal sealed class Totals
{
    /// <summary>Width of a bin of the histogram in bits per byte, and how many bins; the last one takes the rest.</summary>
    public const double BinWidth = 0.125;
    private const int Bins = 129;

    /// <summary>Rows read, bad ones too.</summary>
    public long Rows { get; set; }

    public long Bad { get; set; }

    /// <summary>Rows written.</summary>
    public long Kept { get; set; }

    public long Flagged { get; set; }

    public long WithUnknown { get; set; }

    public double LogLikelihood { get; set; }

    public long Tokens { get; set; }

    public long Bytes { get; set; }

    /// <summary>How many texts fall into each bin of bits per byte; those without a scored token are in none.</summary>
    public long[] Histogram { get; set; } = new long[Bins];

    [JsonIgnore]
    public double Perplexity => Math.Exp(-LogLikelihood / Tokens);

    [JsonIgnore]
    public double BitsPerByte => -LogLikelihood / (Math.Log(2) * Bytes);

    public void Add(MhcScore score)
    {
        LogLikelihood += score.LogLikelihood;
        Tokens += score.TokenCount;
        Bytes += score.ByteCount;
        if (score.UnknownCount > 0)
            WithUnknown++;
        if (score.TokenCount > 0)
            Histogram[(int)Math.Clamp(score.BitsPerByte / BinWidth, 0, Bins - 1)]++;
    }

    public static Totals Of(IEnumerable<Totals> parts)
    {
        var sum = new Totals();
        foreach (Totals part in parts)
        {
            sum.Rows += part.Rows;
            sum.Bad += part.Bad;
            sum.Kept += part.Kept;
            sum.Flagged += part.Flagged;
            sum.WithUnknown += part.WithUnknown;
            sum.LogLikelihood += part.LogLikelihood;
            sum.Tokens += part.Tokens;
            sum.Bytes += part.Bytes;
            for (int bin = 0; bin < Bins; bin++)
                sum.Histogram[bin] += part.Histogram[bin];
        }
        return sum;
    }
}
