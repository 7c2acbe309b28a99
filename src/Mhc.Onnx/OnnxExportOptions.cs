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

public sealed record OnnxExportOptions
{
    /// <value>Default: <see cref="OnnxOutputs.Scores"/>.</value>
    public OnnxOutputs Outputs { get; init; } = OnnxOutputs.Scores;

    /// <value>
    /// Whether genai_config.json, tokenizer.json and tokenizer_config.json are written beside a <see cref="OnnxOutputs.Decoder"/>, for
    /// onnxruntime-genai. They replace files of these names. The tokenizer is byte or gpt2. Default: false.
    /// </value>
    public bool GenAiFiles { get; init; }

    internal void Validate()
    {
        if (GenAiFiles && Outputs != OnnxOutputs.Decoder)
            throw new ArgumentException($"onnxruntime-genai's files go with the outputs Decoder; these are {Outputs}.");
        if (!Enum.IsDefined(Outputs))
            throw new ArgumentOutOfRangeException(nameof(Outputs), Outputs, "Expected Scores, Logits or Decoder.");
    }
}
