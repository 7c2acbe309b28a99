using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Verify;

/// <summary>input_ids → logits.</summary>
internal sealed class LogitsGraph : GraphKind
{
    public override string Output => "logits";

    public override IReadOnlyDictionary<string, double[]> Run(InferenceSession session, int[][] tokens, IReadOnlyList<string> outputs) =>
        Run(session, outputs, InputIds(tokens));

    public override double[] Expected(int[][] tokens, double[][][] logits) => [.. logits.SelectMany(rows => rows).SelectMany(row => row)];

    protected override bool Fits(InferenceSession session) => session.InputNames is ["input_ids"];
}
