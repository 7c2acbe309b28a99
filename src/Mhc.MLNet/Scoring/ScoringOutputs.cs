namespace Mhc.MLNet.Scoring;

/// <summary>The outputs of a scoring graph, docs/onnx-metadata.md, and which of them the details of a score are made of.</summary>
internal static class ScoringOutputs
{
    public const string LogProbs = "logprobs", Ranks = "ranks", Entropies = "entropies", TopIds = "top_ids", TopLogProbs = "top_logprobs",
        Hidden = "hidden";

    private static readonly (MhcDetails Detail, string[] Outputs, string Option)[] Needs =
    [
        (MhcDetails.Ranks, [Ranks], "--ranks"),
        (MhcDetails.Entropies, [Entropies], "--entropies"),
        (MhcDetails.Alternatives, [TopIds, TopLogProbs], "--top-k 5"),
        (MhcDetails.HiddenMean, [Hidden], "--hidden"),
        (MhcDetails.HiddenLast, [Hidden], "--hidden"),
    ];

    /// <summary>The details that a graph with these outputs can give.</summary>
    public static MhcDetails Available(IReadOnlyCollection<string> outputs)
    {
        MhcDetails available = MhcDetails.Tokens;
        foreach ((MhcDetails detail, string[] needed, _) in Needs)
            available |= needed.All(outputs.Contains) ? detail : 0;
        return (available & (MhcDetails.Ranks | MhcDetails.Alternatives)) == 0 ? available : available | MhcDetails.IsGreedy;
    }

    /// <summary>The outputs that these details are made of.</summary>
    /// <exception cref="InvalidOperationException">The graph lacks one.</exception>
    public static string[] Of(MhcDetails details, MhcDetails available, string source)
    {
        if ((details & ~available) is not 0 and var missing)
        {
            string options = string.Join(' ', Needs.Where(need => missing.HasFlag(need.Detail)).Select(need => need.Option)
                .Concat(missing.HasFlag(MhcDetails.IsGreedy) ? ["--ranks"] : []).Distinct());
            throw new InvalidOperationException($"{source} does not give {missing}. Export its checkpoint again with `mhc export {options}`, "
                + "or do not ask for it.");
        }
        bool greedyByRanks = details.HasFlag(MhcDetails.IsGreedy) && available.HasFlag(MhcDetails.Ranks);
        bool greedyByTop = details.HasFlag(MhcDetails.IsGreedy) && !greedyByRanks;
        MhcDetails wanted = details | (greedyByRanks ? MhcDetails.Ranks : 0) | (greedyByTop ? MhcDetails.Alternatives : 0);
        return [LogProbs, .. Needs.Where(need => wanted.HasFlag(need.Detail)).SelectMany(need => need.Outputs).Distinct()];
    }
}
