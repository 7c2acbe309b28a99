namespace Mhc.Onnx;

/// <summary>What the reference model computed of one sequence.</summary>
/// <param name="BranchOutputs">
/// What each sublayer added to the residual streams, in order: its module path, <c>transformer.h.0.attn</c> or <c>transformer.h.0.mlp</c>,
/// and [T][C].
/// </param>
/// <param name="Logits">[T][V].</param>
public sealed record ReferenceTrace(IReadOnlyList<(string Module, double[][] Output)> BranchOutputs, double[][] Logits);
