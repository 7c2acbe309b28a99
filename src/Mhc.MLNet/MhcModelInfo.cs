using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mhc.MLNet;

/// <summary>What an exported model says about itself; docs/onnx-metadata.md describes every value.</summary>
public sealed record MhcModelInfo
{
    /// <value>The architecture: the checkpoint's config.json.</value>
    public required JsonElement Config { get; init; }

    /// <value>How many tokens the model sees at once. Longer texts are scored in overlapping windows.</value>
    public required int ContextLength { get; init; }

    /// <value><c>byte</c>, <c>char</c> or <c>gpt2</c>.</value>
    public required string TokenizerType { get; init; }

    /// <value>How many different tokens the model knows.</value>
    public required int VocabSize { get; init; }

    /// <value>The token put before each text so that its first token is scored; null when there is none.</value>
    public required int? PrefixTokenId { get; init; }

    /// <value>The token that ends a document; null when there is none.</value>
    public required int? EosTokenId { get; init; }

    /// <value>Bits per byte on the validation texts; null when they were not measured.</value>
    public required MhcValidation? Validation { get; init; }

    /// <value>
    /// Bits per byte on the validation texts in full, for thresholds; null when they were not measured and in files of earlier versions.
    /// </value>
    public required MhcQuantiles? BitsPerByteQuantiles { get; init; }

    /// <value>How well the residual mixing matrices are doubly stochastic; null where they are not constant or there are none.</value>
    public required MhcProjection? HRes { get; init; }

    /// <value>Where the weights come from; null when the checkpoint does not say.</value>
    public required MhcTrainingInfo? Training { get; init; }

    /// <value>How the residual streams are laid out in the graph.</value>
    public required string Layout { get; init; }

    /// <value>Number format of the weights: <c>float32</c>, <c>float16_weights</c>, <c>float16</c>, <c>int8</c> or <c>int4</c>.</value>
    public required string Precision { get; init; }

    /// <value>SHA-256 of the checkpoint's weights, lower-case hexadecimal.</value>
    public required string WeightsSha256 { get; init; }

    /// <value>What it can tell of a text beside its score: what its graph was exported with. None of a model that generates.</value>
    public required MhcDetails AvailableDetails { get; init; }

    /// <value>Name of the file beside the .onnx that holds its weights and moves with it; null where the .onnx holds them.</value>
    public required string? ExternalData { get; init; }
}

/// <summary>Quantiles of bits per byte over the validation texts: what is usual for this model.</summary>
public sealed record MhcValidation
{
    /// <value>Half of the texts score below this.</value>
    [JsonPropertyName("p50")]
    public required double P50 { get; init; }

    /// <value>95 % of the texts score below this.</value>
    [JsonPropertyName("p95")]
    public required double P95 { get; init; }

    /// <value>99 % of the texts score below this.</value>
    [JsonPropertyName("p99")]
    public required double P99 { get; init; }

    /// <value>99.9 % of the texts score below this.</value>
    [JsonPropertyName("p99.9")]
    public required double P999 { get; init; }

    /// <value>How many texts these are.</value>
    [JsonPropertyName("texts")]
    public required int Texts { get; init; }
}

/// <summary>The projection of H_res and how far it is from doubly stochastic.</summary>
public sealed record MhcProjection
{
    /// <value>Name of the projection, such as <c>sinkhorn</c>.</value>
    [JsonPropertyName("projection")]
    public required string Projection { get; init; }

    /// <value>Largest distance of a row sum from 1 over all sublayers.</value>
    [JsonPropertyName("max_row_error")]
    public required double MaxRowError { get; init; }

    /// <value>Largest distance of a column sum from 1 over all sublayers.</value>
    [JsonPropertyName("max_column_error")]
    public required double MaxColumnError { get; init; }
}

/// <summary>The training run that a model comes from.</summary>
public sealed record MhcTrainingInfo
{
    /// <value>Updates made.</value>
    [JsonPropertyName("step")]
    public required int Step { get; init; }

    /// <value>Mean loss on the validation split, nats per token; null when there was none.</value>
    [JsonPropertyName("val_loss")]
    public required double? ValidationLoss { get; init; }

    /// <value>SHA-256 of the training text, lower-case hexadecimal.</value>
    [JsonPropertyName("data_sha256")]
    public required string DataSha256 { get; init; }
}
