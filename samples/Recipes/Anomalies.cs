using Mhc.MLNet;
using Microsoft.ML;
using Quickstart;

namespace Recipes;

/// <summary>Flags what is stranger than 99 % of the lines that the model was validated on. No line is labelled, none odd was ever seen.</summary>
internal static class Anomalies
{
    public static void Run(string model)
    {
        LogLine[] lines = [.. new ServiceLogs(seed: 3).Mixed(2000, oddPart: 0.03)];

        var mlContext = new MLContext(seed: 1);
        IDataView view = mlContext.Data.LoadFromEnumerable(lines);
        using MhcScoringTransformer scoring = mlContext.ScoreMhc(new MhcScoringOptions
        {
            ModelPath = model,
            Columns = [nameof(Flagged.BitsPerByte), nameof(Flagged.Percentile), nameof(Flagged.IsAnomaly)],
            AnomalyPercentile = 99,
        }).Fit(view);
        Flagged[] judged = [.. mlContext.Data.CreateEnumerable<Flagged>(scoring.Transform(view), reuseRowObject: false)];

        Flagged[] flagged = [.. judged.Where(line => line.IsAnomaly)];
        Console.WriteLine($"{judged.Length} lines, {judged.Count(line => line.IsOdd)} of them odd; {flagged.Length} flagged, "
            + $"{flagged.Count(line => line.IsOdd)} of these odd.");
        foreach (Flagged line in flagged.OrderByDescending(line => line.BitsPerByte).Take(5))
            Console.WriteLine(FormattableString.Invariant($"{line.BitsPerByte:f2} bits per byte  {line.Text}"));
    }

    private sealed class Flagged
    {
        public string Text { get; set; } = "";

        public bool IsOdd { get; set; }

        public float BitsPerByte { get; set; }

        public float Percentile { get; set; }

        public bool IsAnomaly { get; set; }
    }
}
