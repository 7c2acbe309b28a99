using MathNet.Numerics.Statistics;

namespace Mhc.Cli.Ablate;

/// <summary>How a finished run did.</summary>
/// <param name="FinalValLoss">Nats per token after the last update.</param>
/// <param name="BestValLoss">The lowest of all evaluations.</param>
/// <param name="TokensPerSecond">The median of the log lines.</param>
/// <param name="Lambda2">Mean |λ₂| of H_res after the last update; null where H_res is none or depends on the input.</param>
internal sealed record RunOutcome(int Seed, double FinalValLoss, double BestValLoss, double TokensPerSecond, double? Lambda2)
{
    public static RunOutcome Read(AblationRun run)
    {
        Metrics metrics = Metrics.Read(FileOf(run));
        return new(run.Seed, metrics.Val[^1].Value, metrics.Val.Min(point => point.Value),
            metrics.TokensPerSecond.DefaultIfEmpty(double.NaN).Median(), SecondEigenvalue(metrics));
    }

    /// <summary>Whether the run has come to its last update and its evaluation.</summary>
    public static bool IsComplete(AblationRun run)
    {
        int last = run.Spec.Resolve(run.Variant).Training.MaxIters;
        return File.Exists(FileOf(run)) && Metrics.Read(FileOf(run)).Val.Any(point => point.Step == last);
    }

    private static string FileOf(AblationRun run) => Path.Combine(run.Folder, "metrics.jsonl");

    // How much of the difference between streams one sublayer passes on. The first sublayer is left out: it sees equal streams, so its
    // matrix never learns.
    private static double? SecondEigenvalue(Metrics metrics)
    {
        double[]? last = metrics.Evaluations is [.., Evaluation evaluation] ? evaluation.List("matrices", "lambda2") : null;
        double[] learnt = [.. (last ?? []).Skip(1).Where(double.IsFinite)];
        return learnt.Length == 0 ? null : learnt.Mean();
    }
}
