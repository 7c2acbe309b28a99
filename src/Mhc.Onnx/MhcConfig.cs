namespace Mhc.Onnx;

/// <summary>
/// The architecture of a model: what <c>config.json</c> of a checkpoint folder says, nothing about training.
/// docs/checkpoint-format.md gives the keys.
/// </summary>
internal sealed record MhcConfig
{
    /// <summary>The one version of the checkpoint format that this package reads.</summary>
    public const int FormatVersion = 1;

    public required int VocabSize { get; init; }

    /// <summary>The longest sequence, in tokens.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Blocks; each has two sublayers, attention and MLP.</summary>
    public required int NLayer { get; init; }

    /// <summary>Attention heads; divides <see cref="NEmbd"/>.</summary>
    public required int NHead { get; init; }

    public required int NEmbd { get; init; }

    /// <summary>Whether Linear and LayerNorm layers have biases. The vocabulary head never has one.</summary>
    public required bool Bias { get; init; }

    /// <summary>Used in training only; an exported model has no dropout.</summary>
    public required double Dropout { get; init; }

    public required ResidualMode Residual { get; init; }

    /// <summary>Residual streams S (n in the papers).</summary>
    /// <value>1 with <see cref="ResidualMode.None"/>.</value>
    public int Streams { get; init; } = 1;

    /// <summary>How H_res is made from its logits. Ignored with <see cref="ResidualMode.None"/>, like everything below.</summary>
    public HResProjection HRes { get; init; }

    /// <summary>Sinkhorn iterations, rows and columns once each; ignored but for <see cref="HResProjection.Sinkhorn"/>.</summary>
    public int HResIters { get; init; } = 20;

    /// <summary>Temperature: logits are divided by it. Ignored without <see cref="HResProjection.Sinkhorn"/>.</summary>
    public double HResTau { get; init; } = 1;

    public StreamMap HPre { get; init; }

    public StreamMap HPost { get; init; }

    /// <summary>How the streams become one after the final LayerNorm, which is applied to each of them.</summary>
    public StreamReduce StreamReduce { get; init; }

    /// <summary>Sublayers in order: attention and MLP of block 0, of block 1, …</summary>
    public int Sublayers => 2 * NLayer;

    /// <summary>Reads a <c>config.json</c>: unknown, missing, repeated and ill-typed keys are errors, all reported at once.</summary>
    /// <exception cref="InvalidDataException">The configuration is not valid; the message has a line for every problem.</exception>
    public static MhcConfig Read(string path) => ConfigReader.Read(path);
}

internal enum ResidualMode
{
    /// <summary>x + branch(x).</summary>
    None,

    /// <summary>Static manifold-constrained hyper-connections, arXiv:2512.24880.</summary>
    Mhc,
}

internal enum HResProjection
{
    /// <summary>Log-domain Sinkhorn-Knopp, rows first, columns last.</summary>
    Sinkhorn,

    /// <summary>H_res is the identity and has no parameters.</summary>
    Identity,
}

/// <summary>How h_pre and h_post are made from their logits; never negative.</summary>
internal enum StreamMap
{
    /// <summary>A softmax over the streams.</summary>
    Softmax,

    /// <summary>σ(x) for h_pre and 2σ(x) for h_post, as in arXiv:2512.24880.</summary>
    Sigmoid,
}

internal enum StreamReduce
{
    Sum,
    Mean,

    /// <summary>Weighted by a softmax over S logits.</summary>
    Learned,
}
