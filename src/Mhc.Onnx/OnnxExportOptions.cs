namespace Mhc.Onnx;

/// <summary>What an exported graph gives; docs/onnx-metadata.md describes its inputs and outputs.</summary>
public enum OnnxOutputs
{
    /// <summary>Log-probabilities of given tokens at given positions; the vocabulary-sized logits never leave the graph.</summary>
    Scores,

    /// <summary>The logits of every position: for verification and other tools.</summary>
    Logits,

    /// <summary>
    /// The logits of the next token, with the keys and values of earlier tokens as inputs and outputs: for generating text, under the names
    /// of onnxruntime-genai.
    /// </summary>
    Decoder,
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
    internal const int OlderOpset = 17, DefaultOpset = 20, AttentionOpset = 23;

    /// <value>Default: <see cref="OnnxOutputs.Scores"/>.</value>
    public OnnxOutputs Outputs { get; init; } = OnnxOutputs.Scores;

    /// <value>
    /// How the residual streams of static mHC stand in the graph. Default: <see cref="OnnxLayout.Auto"/>. Ignored by other designs.
    /// </value>
    public OnnxLayout Layout { get; init; } = OnnxLayout.Auto;

    /// <value>
    /// Branch outputs that enter a sum with a smaller weight are left out of it, which is no longer exact: the result's
    /// <see cref="OnnxExportResult.LargestPrunedWeight"/> bounds the error. Default: 0, none are. Used by the layouts
    /// <see cref="OnnxLayout.Unrolled"/> and <see cref="OnnxLayout.Chunked"/>.
    /// </value>
    public double PruneBelow { get; init; }

    /// <value>Default: <see cref="OnnxPrecision.Float32"/>.</value>
    public OnnxPrecision Precision { get; init; } = OnnxPrecision.Float32;

    /// <value>
    /// Whether the weights go to a file of their own, <c>M.onnx.data</c> beside <c>M.onnx</c>, which ONNX Runtime maps into memory.
    /// Default: false, which means only where they must, because one ONNX file holds less than 2 GiB.
    /// </value>
    public bool ExternalData { get; init; }

    /// <value>The most bytes of an .onnx file that holds its weights. Protobuf's limit.</value>
    internal long LargestFile { get; init; } = int.MaxValue;

    /// <value>
    /// Whether genai_config.json, tokenizer.json and tokenizer_config.json are written beside a <see cref="OnnxOutputs.Decoder"/>, for
    /// onnxruntime-genai. They replace files of these names. The tokenizer is byte or gpt2. Default: false.
    /// </value>
    public bool GenAiFiles { get; init; }

    /// <summary>
    /// The version of the standard operators: 20; 17 for readers that are older than the end of 2023; or 23, where attention is one operator,
    /// faster in ONNX Runtime, whose version must be 1.23 or newer. The numbers are the same up to rounding.
    /// </summary>
    /// <value>Default: 20.</value>
    public int Opset { get; init; } = DefaultOpset;

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
        if (GenAiFiles && Outputs != OnnxOutputs.Decoder)
            throw new ArgumentException($"onnxruntime-genai's files go with the outputs Decoder; these are {Outputs}.");
        if (TopK < 0)
            throw new ArgumentOutOfRangeException(nameof(TopK), TopK, "Expected 0 or more.");
        if (Outputs != OnnxOutputs.Scores && (TopK > 0 || Ranks || Entropies || Hidden))
            throw new ArgumentException($"TopK, Ranks, Entropies and Hidden are outputs beside the scores, but Outputs is {Outputs}. "
                + "Expected Scores, or none of them.");
        if (!Enum.IsDefined(Layout))
            throw new ArgumentOutOfRangeException(nameof(Layout), Layout, "Expected Auto, Streams, Augmented, Unrolled or Chunked.");
        if (!(PruneBelow is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(PruneBelow), PruneBelow, "Expected a number from 0 to less than 1.");
        if (!Enum.IsDefined(Outputs))
            throw new ArgumentOutOfRangeException(nameof(Outputs), Outputs, "Expected Scores, Logits or Decoder.");
        if (!Enum.IsDefined(Precision))
            throw new ArgumentOutOfRangeException(nameof(Precision), Precision, "Expected Float32, Float16Weights, Float16, Int8 or Int4.");
        if (Opset is not (OlderOpset or DefaultOpset or AttentionOpset))
            throw new ArgumentOutOfRangeException(nameof(Opset), Opset, "Expected 17, 20 or 23.");
    }
}
