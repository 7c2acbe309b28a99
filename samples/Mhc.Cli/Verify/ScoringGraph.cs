using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Verify;

/// <summary>input_ids, positions, targets → logprobs. Every token is scored with the one after it.</summary>
internal sealed class ScoringGraph : GraphKind
{
    public override string Output => "logprobs";

    public override IReadOnlyDictionary<string, double[]> Run(InferenceSession session, int[][] tokens, IReadOnlyList<string> outputs)
    {
        int length = tokens[0].Length, scored = tokens.Length * length;
        return Run(session, outputs, InputIds(tokens),
            ("positions", Integers(Scored(tokens).Select(at => (at.Sequence * length) + at.Token), scored)),
            ("targets", Integers(Scored(tokens).Select(at => at.Target), scored)));
    }

    public override double[] Expected(int[][] tokens, double[][][] logits) =>
        [.. Scored(tokens).Select(at => LogProbability(logits[at.Sequence][at.Token], at.Target))];

    protected override bool Fits(InferenceSession session) =>
        session.InputNames.Order().SequenceEqual(["input_ids", "positions", "targets"]);

    // The last token's target is the sequence's first, so that a sequence of one token is scored, too.
    private static IEnumerable<(int Sequence, int Token, int Target)> Scored(int[][] tokens) =>
        tokens.Index().SelectMany(sequence => sequence.Item.Index().Select(
            token => (sequence.Index, token.Index, sequence.Item[(token.Index + 1) % sequence.Item.Length])));

    private static double LogProbability(double[] logits, int target)
    {
        double largest = logits.Max();
        return logits[target] - largest - Math.Log(logits.Sum(logit => Math.Exp(logit - largest)));
    }
}
