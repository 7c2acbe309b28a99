using System.Text.Json;
using MathNet.Numerics.Statistics;

namespace Mhc.Cli.Ablate;

/// <summary>How a finished run did.</summary>
/// <param name="FinalValLoss">Nats per token after the last update.</param>
/// <param name="BestValLoss">The lowest of all evaluations.</param>
/// <param name="TokensPerSecond">The median of the log lines.</param>
/// <param name="Lambda2">Mean |λ₂| of H_res after the last update; null where H_res is none or depends on the input.</param>
internal sealed record RunOutcome(int Seed, double FinalValLoss, double BestValLoss, double TokensPerSecond, double? Lambda2)
{
    public const string MetricsFile = "metrics.jsonl";

    public static RunOutcome Read(AblationRun run)
    {
        JsonElement[] lines = Lines(run);
        double[] valLosses = Values(lines, "val_loss");
        return new(run.Seed, valLosses[^1], valLosses.Min(), Values(lines, "tokens_per_s").DefaultIfEmpty(double.NaN).Median(),
            SecondEigenvalue(lines.Last(line => line.TryGetProperty("val_loss", out _))));
    }

    /// <summary>Whether the run has come to its last update and its evaluation.</summary>
    public static bool IsComplete(AblationRun run)
    {
        int last = run.Spec.Resolve(run.Variant).Training.MaxIters;
        return File.Exists(Path.Combine(run.Folder, MetricsFile))
            && Lines(run).Any(line => line.TryGetProperty("val_loss", out _) && line.GetProperty("step").GetInt32() == last);
    }

    private static JsonElement[] Lines(AblationRun run) =>
        [.. File.ReadLines(Path.Combine(run.Folder, MetricsFile)).Select(line => JsonDocument.Parse(line).RootElement)];

    private static double[] Values(JsonElement[] lines, string key) =>
        [.. lines.Where(line => line.TryGetProperty(key, out _)).Select(line => line.GetProperty(key).GetDouble())];

    // How much of the difference between streams one sublayer passes on. The first sublayer is left out: it sees equal streams, so its
    // matrix never learns.
    private static double? SecondEigenvalue(JsonElement evaluation)
    {
        if (!evaluation.TryGetProperty("diagnostics", out JsonElement diagnostics)
            || !diagnostics.TryGetProperty("matrices", out JsonElement matrices))
        {
            return null;
        }
        double[] learnt =
        [
            .. matrices.GetProperty("lambda2").EnumerateArray().Skip(1).Where(value => value.ValueKind == JsonValueKind.Number)
                .Select(value => value.GetDouble()),
        ];
        return learnt.Length == 0 ? null : learnt.Mean();
    }
}
