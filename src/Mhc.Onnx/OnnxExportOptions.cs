namespace Mhc.Onnx;

/// <summary>What an exported graph gives; docs/onnx-metadata.md describes its inputs and outputs.</summary>
public enum OnnxOutputs
{
    /// <summary>Log-probabilities of given tokens at given positions; the vocabulary-sized logits never leave the graph.</summary>
    Scores,

    /// <summary>The logits of every position: for verification and other tools.</summary>
    Logits,
}

public sealed record OnnxExportOptions
{
    /// <value>Default: <see cref="OnnxOutputs.Scores"/>.</value>
    public OnnxOutputs Outputs { get; init; } = OnnxOutputs.Scores;

    /// <value>How the residual streams of static mHC stand in the graph. Default: <see cref="OnnxLayout.Auto"/>. Ignored by other designs.</value>
    public OnnxLayout Layout { get; init; } = OnnxLayout.Auto;

    /// <value>
    /// Branch outputs that enter a sum with a smaller weight are left out of it, which is no longer exact: the result's
    /// <see cref="OnnxExportResult.LargestPrunedWeight"/> bounds the error. Default: 0, none are. Used by the layouts
    /// <see cref="OnnxLayout.Unrolled"/> and <see cref="OnnxLayout.Chunked"/>.
    /// </value>
    public double PruneBelow { get; init; }

    internal void Validate()
    {
        if (!Enum.IsDefined(Layout))
            throw new ArgumentOutOfRangeException(nameof(Layout), Layout, "Expected Auto, Streams, Augmented, Unrolled or Chunked.");
        if (!(PruneBelow is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(PruneBelow), PruneBelow, "Expected a number from 0 to less than 1.");
        if (!Enum.IsDefined(Outputs))
            throw new ArgumentOutOfRangeException(nameof(Outputs), Outputs, "Expected Scores or Logits.");
    }
}
