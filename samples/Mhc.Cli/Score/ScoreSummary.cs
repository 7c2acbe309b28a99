using System.Globalization;
using Mhc.MLNet;

namespace Mhc.Cli.Score;

/// <summary>What is said of all rows when they are done.</summary>
internal static class ScoreSummary
{
    private const int MostBars = 20, WidestBar = 40;

    public static void Print(ScoreOptions options, Totals totals, ScoreColumns columns, MhcModelInfo model, ScoreProgress progress)
    {
        double seconds = progress.Elapsed.TotalSeconds;
        Line($"{options.Output}: {totals.Rows:n0} rows, {totals.Tokens:n0} tokens; ",
            $"perplexity {totals.Perplexity:g6}, {totals.BitsPerByte:f4} bits per byte; {progress.Rows / seconds:n0} rows/s.");
        if (options.Where is not null)
            Line($"Kept by --where: {totals.Kept:n0} rows of {totals.Rows - totals.Bad:n0}.");
        if (columns.Threshold is { } threshold)
        {
            MhcQuantiles quantiles = model.BitsPerByteQuantiles!;
            Line($"Flagged: {totals.Flagged:n0} rows above {threshold:f4} bits per byte, ",
                $"which {options.Flag} % of {quantiles.Count:n0} validation {quantiles.Unit}s do not exceed.");
        }
        if (options.Quarantine is not null)
            Line($"Put aside in {options.Quarantine}: {totals.Bad:n0} bad rows.");
        foreach (string bar in Bars(totals.Histogram))
            Console.WriteLine(bar);
    }

    /// <summary>Unknown characters count as bytes and not as tokens, so they make a text look more ordinary than it is.</summary>
    public static void Warn(Totals totals)
    {
        if (totals.WithUnknown > 0)
        {
            Console.Error.WriteLine(Invariant($"mhc: warning: {totals.WithUnknown:n0} of {totals.Rows:n0} rows hold characters that the ")
                + "model's vocabulary lacks. They are not scored, which lowers BitsPerByte: look at UnknownCount first, or train with "
                + "tokenizer=byte.");
        }
    }

    /// <summary>Bits per byte from the lowest to the highest bin that is not empty, bins put together until they are few.</summary>
    internal static IEnumerable<string> Bars(long[] histogram)
    {
        int first = Array.FindIndex(histogram, count => count > 0), last = Array.FindLastIndex(histogram, count => count > 0);
        if (first < 0)
            yield break;
        int merged = 1;
        while ((last / merged) - (first / merged) >= MostBars)
            merged *= 2;
        (int From, long Count)[] bars = [.. Enumerable.Range(first / merged, (last / merged) - (first / merged) + 1)
            .Select(bar => (bar * merged, histogram.Skip(bar * merged).Take(merged).Sum()))];
        long most = bars.Max(bar => bar.Count);
        yield return "Bits per byte, how many rows:";
        foreach ((int from, long count) in bars)
        {
            string to = from + merged >= histogram.Length ? "      " : Invariant($"{(from + merged) * Totals.BinWidth,6:f3}");
            string bar = new('█', (int)Math.Ceiling((double)WidestBar * count / most));
            yield return Invariant($"{from * Totals.BinWidth,6:f3} to {to} {bar,-WidestBar} {count:n0}").TrimEnd();
        }
    }

    private static void Line(params FormattableString[] text) => Console.WriteLine(string.Concat(text.Select(Invariant)));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
