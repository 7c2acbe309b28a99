using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Mhc.Cli.Ablate;

/// <summary>What the seeds' spread allows to say of a difference.</summary>
internal enum Verdict
{
    Better,
    Worse,
    /// <summary>The interval holds zero.</summary>
    Hidden,
    /// <summary>One seed has no spread to judge by.</summary>
    OneSeed,
}

/// <summary>Mean and standard deviation over seeds; the latter is null for one seed.</summary>
internal sealed record Spread(double Mean, double? Deviation)
{
    public static Spread Of(double[] values) => new(values.Mean(), values.Length > 1 ? values.StandardDeviation() : null);
}

/// <summary>Final validation loss minus the baseline's, seed by seed.</summary>
/// <param name="Seeds">How many seeds both have.</param>
/// <param name="Mean">Nats per token; below 0 the variant is better.</param>
/// <param name="StandardError">Of the mean.</param>
/// <param name="Low">Lower end of the 95 % interval of Student's t.</param>
/// <param name="High">Its upper end.</param>
internal sealed record PairedDifference(int Seeds, double Mean, double? StandardError, double? Low, double? High, Verdict Verdict)
{
    private const double Confidence = 0.95;

    public static PairedDifference? Of(IReadOnlyList<RunOutcome> variant, IReadOnlyList<RunOutcome> baseline)
    {
        double[] differences =
        [
            .. variant.Join(baseline, run => run.Seed, run => run.Seed, (run, reference) => run.FinalValLoss - reference.FinalValLoss),
        ];
        return differences.Length == 0 ? null : Of(differences);
    }

    public static PairedDifference Of(double[] differences)
    {
        double mean = differences.Mean();
        if (differences.Length == 1)
            return new(1, mean, null, null, null, Verdict.OneSeed);
        double error = differences.StandardDeviation() / Math.Sqrt(differences.Length);
        double reach = error * StudentT.InvCDF(0, 1, differences.Length - 1, (1 + Confidence) / 2);
        Verdict verdict = mean + reach < 0 ? Verdict.Better : mean - reach > 0 ? Verdict.Worse : Verdict.Hidden;
        return new(differences.Length, mean, error, mean - reach, mean + reach, verdict);
    }
}

/// <summary>One variant over its seeds.</summary>
/// <param name="Settings">Over those that all variants share.</param>
/// <param name="FinalValLoss">Nats per token after the last update.</param>
/// <param name="BestValLoss">The lowest of all evaluations.</param>
/// <param name="Difference">To the baseline; null for the baseline itself.</param>
/// <param name="TimeRatio">Time per update over the baseline's, the median over seeds.</param>
/// <param name="Lambda2">Mean |λ₂| of H_res after the last update, over sublayers but the first and over seeds.</param>
/// <param name="Runs">Seed by seed.</param>
internal sealed record VariantResult(string Name, IReadOnlyList<string> Settings, Spread FinalValLoss, Spread BestValLoss,
    PairedDifference? Difference, double? TimeRatio, double? Lambda2, IReadOnlyList<RunOutcome> Runs)
{
    public static VariantResult Of(AblationVariant variant, IReadOnlyList<RunOutcome> runs, IReadOnlyList<RunOutcome>? baseline)
    {
        double[] ratios = baseline is null ? [] :
            [.. runs.Join(baseline, run => run.Seed, run => run.Seed, (run, reference) => reference.TokensPerSecond / run.TokensPerSecond)];
        double[] lambdas = [.. runs.Select(run => run.Lambda2).OfType<double>()];
        return new(variant.Name, variant.Settings, Spread.Of([.. runs.Select(run => run.FinalValLoss)]),
            Spread.Of([.. runs.Select(run => run.BestValLoss)]), baseline is null ? null : PairedDifference.Of(runs, baseline),
            ratios.Length > 0 ? ratios.Median() : null, lambdas.Length > 0 ? lambdas.Mean() : null, runs);
    }
}

/// <summary>An ablation so far, best variant first.</summary>
/// <param name="Baseline">The variant that the others are compared with.</param>
/// <param name="FinishedRuns">Of <paramref name="AllRuns"/>.</param>
/// <param name="AtOnce">How many runs shared the machine.</param>
internal sealed record AblationResult(string Preset, IReadOnlyList<string> Settings, IReadOnlyList<int> Seeds, string Baseline,
    int FinishedRuns, int AllRuns, int AtOnce, IReadOnlyList<VariantResult> Variants)
{
    /// <exception cref="InvalidDataException">No run is finished.</exception>
    public static AblationResult Read(AblationSpec spec, IReadOnlyList<AblationRun> runs)
    {
        AblationRun[] finished = [.. runs.Where(run => run.IsFinished)];
        if (finished.Length == 0)
            throw new InvalidDataException($"None of the {runs.Count} runs is finished, so there is nothing to report.");
        int atOnce = finished.Max(run => run.ReadRecord().Parallel);
        ILookup<string, RunOutcome> outcomes = finished.ToLookup(run => run.Variant.Name, RunOutcome.Read);
        string baseline = spec.Variants[0].Name;
        VariantResult[] variants =
        [
            .. spec.Variants.Where(variant => outcomes.Contains(variant.Name))
                .Select(variant => VariantResult.Of(variant, [.. outcomes[variant.Name]],
                    variant.Name == baseline ? null : [.. outcomes[baseline]]))
                .OrderBy(variant => variant.FinalValLoss.Mean),
        ];
        return new(spec.Preset, spec.Settings, spec.Seeds, baseline, finished.Length, runs.Count, atOnce, variants);
    }
}
