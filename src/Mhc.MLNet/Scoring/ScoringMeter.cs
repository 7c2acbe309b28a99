using System.Diagnostics.Metrics;

namespace Mhc.MLNet.Scoring;

/// <summary>What scoring tells <c>System.Diagnostics.Metrics</c>, docs/benchmarks/score.md. Costs next to nothing where nobody listens.</summary>
internal static class ScoringMeter
{
    private static readonly Meter Meter = new("Mhc.MLNet");
    private static readonly KeyValuePair<string, object?> Scored = new("kind", "scored"), Context = new("kind", "context"),
        Padding = new("kind", "padding");

    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>("mhc.tokens", "{token}",
        "Tokens that went through the model: scored, context (repeated before a window's scored tokens) or padding of a batch.");

    private static readonly Histogram<double> RunDuration = Meter.CreateHistogram<double>("mhc.run.duration", "s",
        "How long one batch took to go through the model.");

    public static void Add(int scored, int context, int padding, TimeSpan duration)
    {
        Tokens.Add(scored, Scored);
        Tokens.Add(context, Context);
        Tokens.Add(padding, Padding);
        RunDuration.Record(duration.TotalSeconds);
    }
}
