using static System.FormattableString;

namespace Mhc.Cli.Ablate;

/// <summary>An ablation as a table and as a page.</summary>
internal static class AblationReport
{
    public static ReportTable Table(AblationResult result)
    {
        var table = new ReportTable("variant", "seeds", "final val loss", "best val loss", "to the baseline", "95 % interval", "verdict",
            "time per update", "|λ₂|");
        foreach (VariantResult variant in result.Variants)
        {
            PairedDifference? difference = variant.Difference;
            table.Add(variant.Name, Invariant($"{variant.Runs.Count}"), Text(variant.FinalValLoss), Text(variant.BestValLoss),
                difference is null ? "" : Invariant($"{difference.Mean:+0.0000;−0.0000}{Text(" ± ", difference.StandardError)}"),
                difference?.Low is null ? "" : Invariant($"{difference.Low:+0.0000;−0.0000} to {difference.High:+0.0000;−0.0000}"),
                variant.Name == result.Baseline ? "baseline" : Text(difference?.Verdict),
                variant.TimeRatio is null ? "" : Invariant($"{variant.TimeRatio:f2}×"), Invariant($"{variant.Lambda2:f3}"));
        }
        return table;
    }

    /// <summary>What the table says, in words.</summary>
    public static IEnumerable<string> Sentences(AblationResult result)
    {
        foreach ((Verdict verdict, string words) in new[]
        {
            (Verdict.Better, $"Better than {result.Baseline}"), (Verdict.Worse, $"Worse than {result.Baseline}"),
            (Verdict.Hidden, $"The seeds' spread hides the difference to {result.Baseline}"),
            (Verdict.OneSeed, "Not to be judged by one seed"),
        })
        {
            string[] names = [.. result.Variants.Where(variant => variant.Difference?.Verdict == verdict).Select(variant => variant.Name)];
            if (names.Length > 0)
                yield return $"{words}: {string.Join(", ", names)}.";
        }
        int judged = result.Variants.Count(variant => variant.Difference?.Low is not null);
        if (judged > 1)
        {
            yield return Invariant($"Each interval is at 95 % by itself: of {judged} designs as good as the baseline ")
                + Invariant($"about {0.05 * judged:f1} would seem different.");
        }
        if (result.AtOnce > 1)
            yield return $"{result.AtOnce} runs shared the machine, so the times are rough; `mhc bench train` measures them.";
        if (result.FinishedRuns < result.AllRuns)
            yield return $"{result.FinishedRuns} of {result.AllRuns} runs are finished.";
    }

    public static string Markdown(AblationResult result, string command, string plot)
    {
        string[] settings = [.. result.Variants.Select(variant => $"- {variant.Name}: `{string.Join(' ', variant.Settings)}`")];
        return $"""
            # Ablation

            Validation loss in nats per token, mean ± standard deviation over seeds {string.Join(", ", result.Seeds)}.
            Runs of one seed see the same windows in the same order, so the difference to the baseline is taken seed by seed:
            its mean ± standard error and the 95 % interval of Student's t, of the final loss.
            Time per update is the ratio to the baseline's, the median over seeds of medians over a run. |λ₂| is the second largest
            eigenvalue of H_res at the end, the mean over sublayers but the first, whose H_res never learns:
            how much of the difference between streams a sublayer passes on.

                {command}

            Preset {result.Preset} with `{string.Join(' ', result.Settings)}`.

            {Table(result).Markdown()}
            {string.Join('\n', Sentences(result))}

            ![Validation loss by variant and seed]({plot})

            {string.Join('\n', settings)}

            """;
    }

    public static string Text(Verdict? verdict) => verdict switch
    {
        Verdict.Better => "better",
        Verdict.Worse => "worse",
        Verdict.Hidden => "hidden by the seeds' spread",
        _ => "",
    };

    private static string Text(Spread spread) => Invariant($"{spread.Mean:f4}{Text(" ± ", spread.Deviation)}");

    private static string Text(string before, double? value) => value is null ? "" : Invariant($"{before}{value:f4}");
}
