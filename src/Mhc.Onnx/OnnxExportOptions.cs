namespace Mhc.Onnx;

/// <summary>What an exported graph gives; docs/onnx-metadata.md describes its inputs and outputs.</summary>
public enum OnnxOutputs
{
    /// <summary>Log-probabilities of given tokens at given positions; the vocabulary-sized logits never leave the graph.</summary>
    Scores,

    /// <summary>The logits of every position: for verification and other tools.</summary>
    Logits,
}

/// <summary>How weights are stored and what is computed in; docs/precision.md gives sizes, speeds and errors.</summary>
public enum OnnxPrecision
{
    /// <summary>Weights and computation in float32.</summary>
    Float32,

    /// <summary>Weights stored in float16, half the size; ONNX Runtime turns them into float32 when it loads them.</summary>
    Float16Weights,

    /// <summary>
    /// Made for CUDA: weights and branches in float16; the residual, norms, softmaxes and the vocabulary head compute in float32.
    /// </summary>
    Float16,

    /// <summary>Linear weights, the vocabulary's among them, in 8 bits with a scale for each 32 in a row; ONNX Runtime alone.</summary>
    Int8,

    /// <summary>The same in 4 bits.</summary>
    Int4,
}

public sealed record OnnxExportOptions
{
    /// <value>Default: <see cref="OnnxOutputs.Scores"/>.</value>
    public OnnxOutputs Outputs { get; init; } = OnnxOutputs.Scores;

    /// <value>Default: <see cref="OnnxPrecision.Float32"/>.</value>
    public OnnxPrecision Precision { get; init; } = OnnxPrecision.Float32;

    /// <value>
    /// Whether the weights go to a file of their own, <c>M.onnx.data</c> beside <c>M.onnx</c>, which ONNX Runtime maps into memory.
    /// Default: false, which means only where they must, because one ONNX file holds less than 2 GiB.
    /// </value>
    public bool ExternalData { get; init; }

    /// <value>The most bytes of an .onnx file that holds its weights. Protobuf's limit.</value>
    internal long LargestFile { get; init; } = int.MaxValue;

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
        if (!Enum.IsDefined(Precision))
            throw new ArgumentOutOfRangeException(nameof(Precision), Precision, "Expected Float32, Float16Weights, Float16, Int8 or Int4.");
    }
}
