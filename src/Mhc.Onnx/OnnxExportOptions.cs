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
    internal const int DefaultOpset = 20, OlderOpset = 17;

    /// <value>Default: <see cref="OnnxOutputs.Scores"/>.</value>
    public OnnxOutputs Outputs { get; init; } = OnnxOutputs.Scores;

    /// <summary>
    /// The version of the standard operators: 20, or 17 for readers that are older than the end of 2023. The numbers are the same up to
    /// rounding.
    /// </summary>
    /// <value>Default: 20.</value>
    public int Opset { get; init; } = DefaultOpset;

    internal void Validate()
    {
        if (!Enum.IsDefined(Outputs))
            throw new ArgumentOutOfRangeException(nameof(Outputs), Outputs, "Expected Scores or Logits.");
        if (Opset is not (DefaultOpset or OlderOpset))
            throw new ArgumentOutOfRangeException(nameof(Opset), Opset, "Expected 20 or 17.");
    }
}
