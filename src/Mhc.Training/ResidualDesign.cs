namespace Mhc.Training;

/// <summary>How a sublayer's output joins what came before it.</summary>
public enum ResidualMode
{
    /// <summary>x + F(x): the baseline.</summary>
    None,
    /// <summary>Hyper-connections whose coefficients depend on the token (arXiv:2409.19606), with fracs (arXiv:2503.14125).</summary>
    Hc,
    /// <summary>Static manifold-constrained hyper-connections (arXiv:2512.24880) over several residual streams.</summary>
    Mhc,
    /// <summary>The paper's own mHC (arXiv:2512.24880, equations 7 to 9): the matrices depend on the token.</summary>
    MhcDynamic,
}

/// <summary>How H_res is made from its logits.</summary>
public enum HResProjection
{
    /// <summary>Sinkhorn normalisation to a doubly stochastic matrix, in the log domain.</summary>
    Sinkhorn,
    /// <summary>H_res = I without parameters: Identity HC.</summary>
    Identity,
    /// <summary>The squares of a matrix made nearly orthogonal by Newton–Schulz steps: approximately doubly stochastic.</summary>
    Orthostochastic,
    /// <summary>A softmax-weighted mean of the S! permutation matrices, S at most 5: mHC-lite (arXiv:2601.05732), exact.</summary>
    Permutation,
    /// <summary>A Kronecker product of log₂ S doubly stochastic 2×2 matrices, S a power of two: exact.</summary>
    Kronecker,
    /// <summary>A softmax-weighted mean of the S cyclic shifts, leaking into the identity: exact.</summary>
    Circulant,
}

/// <summary>Whether attention mixes the first block's values into its own (arXiv:2410.17897).</summary>
public enum ValueResidual
{
    /// <summary>It does not.</summary>
    None,
    /// <summary>V ← λ₁·V + λ₂·V₁ with two free scalars a block.</summary>
    Free,
    /// <summary>The same with a softmax over two logits a block.</summary>
    Constrained,
}

/// <summary>The polynomial of a Newton–Schulz step: X ← aX + (bA + cA²)X with A = XXᵀ.</summary>
/// <param name="A">Factor of X.</param>
/// <param name="B">Factor of A·X.</param>
/// <param name="C">Factor of A²·X.</param>
public readonly record struct NewtonSchulzCoefficients(double A, double B, double C);

/// <summary>How h_pre and h_post are made from their logits. Both are non-negative.</summary>
public enum StreamMap
{
    /// <summary>Softmax over the streams, as the reference implementation has it.</summary>
    Softmax,
    /// <summary>The paper's: sigmoid for h_pre, twice the sigmoid for h_post.</summary>
    Sigmoid,
}

/// <summary>How the streams become one after the final LayerNorm, which is applied to each.</summary>
public enum StreamReduce
{
    /// <summary>Their sum, as the reference implementation has it; the first logits are about S times too large.</summary>
    Sum,
    /// <summary>Their mean.</summary>
    Mean,
    /// <summary>Their mean weighted by a softmax over S learned logits.</summary>
    Learned,
}

/// <summary>Which initial values the stream matrices start from.</summary>
public enum Initialization
{
    /// <summary>Ours: H_res near the identity and able to learn, h_pre and h_post favouring the sublayer's home stream.</summary>
    Live,
    /// <summary>The reference implementation's; with its tau of 0.05, H_res is exactly I and never learns.</summary>
    Parity,
}
