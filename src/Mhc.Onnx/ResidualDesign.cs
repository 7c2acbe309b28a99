namespace Mhc.Onnx;

/// <summary>How a sublayer's output joins what came before it.</summary>
internal enum ResidualMode
{
    /// <summary>x + branch(x).</summary>
    None,

    /// <summary>Hyper-connections whose coefficients depend on the token, arXiv:2409.19606, with fracs, arXiv:2503.14125.</summary>
    Hc,

    /// <summary>Static manifold-constrained hyper-connections, arXiv:2512.24880.</summary>
    Mhc,

    /// <summary>The same with matrices that depend on the token, as the paper has them.</summary>
    MhcDynamic,
}

internal enum HResProjection
{
    /// <summary>Log-domain Sinkhorn-Knopp, rows first, columns last.</summary>
    Sinkhorn,

    /// <summary>H_res is the identity and has no parameters.</summary>
    Identity,

    /// <summary>The squares of a matrix that Newton–Schulz steps have made nearly orthogonal.</summary>
    Orthostochastic,

    /// <summary>A softmax-weighted mean of the S! permutation matrices, arXiv:2601.05732.</summary>
    Permutation,

    /// <summary>A Kronecker product of log₂ S doubly stochastic 2×2 matrices.</summary>
    Kronecker,

    /// <summary>A softmax-weighted mean of the S cyclic shifts, leaking into the identity.</summary>
    Circulant,
}

/// <summary>Whether attention mixes the first block's values into its own, arXiv:2410.17897.</summary>
internal enum ValueResidual
{
    None,

    /// <summary>V ← λ₁·V + λ₂·V₁ with two free scalars a block.</summary>
    Free,

    /// <summary>The same with a softmax over two logits a block.</summary>
    Constrained,
}

/// <summary>A Newton–Schulz step: X ← aX + (bA + cA²)X with A = XXᵀ.</summary>
internal readonly record struct NewtonSchulzCoefficients(double A, double B, double C);

/// <summary>How h_pre and h_post are made from their logits; never negative.</summary>
internal enum StreamMap
{
    /// <summary>A softmax over the streams.</summary>
    Softmax,

    /// <summary>σ(x) for h_pre and 2σ(x) for h_post, as in arXiv:2512.24880.</summary>
    Sigmoid,
}

/// <summary>How the streams become one after the final LayerNorm, which is applied to each of them.</summary>
internal enum StreamReduce
{
    Sum,
    Mean,

    /// <summary>Weighted by a softmax over S logits.</summary>
    Learned,
}
