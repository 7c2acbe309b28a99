using Mhc.MLNet;
using Quickstart;

namespace Recipes;

/// <summary>Keeps of a corpus the lines that are like those the model knows: neither stranger than they are nor more predictable.</summary>
internal static class QualityFilter
{
    private const double Lowest = 0.1, Highest = 99;

    public static void Run(string model)
    {
        LogLine[] good = [.. new ServiceLogs(seed: 5).Normal(400)];
        var random = new Random(1);
        (string Kind, string Text)[] corpus =
        [
            .. good.Select(line => ("whole", line.Text)),
            .. good.Take(100).Select(line => ("letters shuffled", string.Concat(line.Text.OrderBy(_ => random.Next())))),
            .. good.Take(100).Select(line => ("base64", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(line.Text)))),
            .. good.Take(100).Select((_, i) => ("prose", $"It was a quiet night, number {i}, and nobody wrote to the log.")),
        ];

        using var scorer = new MhcScorer(model);
        IReadOnlyList<MhcScore> scores = scorer.Score([.. corpus.Select(line => line.Text)]);

        Console.WriteLine($"{"kind",-20}{"lines",6}{"kept",6}  median bits per byte");
        foreach (var kind in corpus.Zip(scores).GroupBy(line => line.First.Kind))
        {
            double[] bits = [.. kind.Select(line => line.Second.BitsPerByte).Order()];
            int kept = kind.Count(line => line.Second.Percentile is >= Lowest and <= Highest);
            Console.WriteLine(FormattableString.Invariant($"{kind.Key,-20}{bits.Length,6}{kept,6}  {bits[bits.Length / 2]:f2}"));
        }
    }
}
