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

    internal const int DefaultOpset = 20, AttentionOpset = 23;

    /// <value>
    /// The version of the standard operators. Default: 20. With 23 attention is one operator, which is faster and exact too; the reader
    /// must know ONNX 1.18, of May 2025.
    /// </value>
    public int Opset { get; init; } = DefaultOpset;

    /// <value>How the residual streams of static mHC stand in the graph. Default: <see cref="OnnxLayout.Auto"/>. Ignored by other designs.</value>
    public OnnxLayout Layout { get; init; } = OnnxLayout.Auto;

    /// <value>
    /// Branch outputs that enter a sum with a smaller weight are left out of it, which is no longer exact: the result's
    /// <see cref="OnnxExportResult.LargestPrunedWeight"/> bounds the error. Default: 0, none are. Used by the layouts
    /// <see cref="OnnxLayout.Unrolled"/> and <see cref="OnnxLayout.Chunked"/>.
    /// </value>
    public double PruneBelow { get; init; }

    /// <value>
    /// How many alternatives the scores have for each scored position, the most probable first: <c>top_ids</c> and <c>top_logprobs</c>.
    /// Default: 0, and there are no such outputs. At most the vocabulary's size.
    /// </value>
    public int TopK { get; init; }

    /// <value>
    /// Whether the scores have <c>ranks</c>: 1 + the number of tokens that are more probable than the target. Default: no.
    /// </value>
    public bool Ranks { get; init; }

    /// <value>Whether the scores have <c>entropies</c>, of the next token's distribution in nats. Default: no.</value>
    public bool Entropies { get; init; }

    /// <value>
    /// Whether the scores have <c>hidden</c>, what the vocabulary head reads, of every position. Default: no. The final norm is then
    /// computed for all positions instead of the scored ones.
    /// </value>
    public bool Hidden { get; init; }

    internal void Validate(MhcConfig config)
    {
        if (TopK > config.VocabSize)
            throw new ArgumentException($"TopK is {TopK}, but the vocabulary has {config.VocabSize} tokens. Ask for at most as many.");
    }

    internal void Validate()
    {
        if (TopK < 0)
            throw new ArgumentOutOfRangeException(nameof(TopK), TopK, "Expected 0 or more.");
        if (Outputs != OnnxOutputs.Scores && (TopK > 0 || Ranks || Entropies || Hidden))
            throw new ArgumentException($"TopK, Ranks, Entropies and Hidden are outputs beside the scores, but Outputs is {Outputs}. "
                + "Expected Scores, or none of them.");
        if (Opset is not (DefaultOpset or AttentionOpset))
            throw new ArgumentOutOfRangeException(nameof(Opset), Opset, "Expected 20 or 23.");
        if (!Enum.IsDefined(Layout))
            throw new ArgumentOutOfRangeException(nameof(Layout), Layout, "Expected Auto, Streams, Augmented, Unrolled or Chunked.");
        if (!(PruneBelow is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(PruneBelow), PruneBelow, "Expected a number from 0 to less than 1.");
        if (!Enum.IsDefined(Outputs))
            throw new ArgumentOutOfRangeException(nameof(Outputs), Outputs, "Expected Scores or Logits.");
    }
}
