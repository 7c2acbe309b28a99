using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>The Sinkhorn projection to doubly stochastic matrices, in the log domain and differentiable.</summary>
internal static class Sinkhorn
{
    /// <summary>
    /// Starts from Z = logits / tau; each iteration normalises the rows (over "to") first and the columns (over "from") last, so columns
    /// sum to 1 exactly and rows carry the truncation error. Accumulates in the logits' own type.
    /// </summary>
    /// <param name="logits">(N, S, S), indexed [matrix, from, to].</param>
    /// <returns>(N, S, S): exp(Z + u + v).</returns>
    public static Tensor Project(Tensor logits, int iters, double tau)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor z = logits / tau;
        Tensor v = zeros_like(z.narrow(1, 0, 1));     // (N, 1, S)
        Tensor u = zeros_like(z.narrow(2, 0, 1));     // (N, S, 1)
        for (int i = 0; i < iters; i++)
        {
            u = -logsumexp(z + v, 2, keepdim: true);
            v = -logsumexp(z + u, 1, keepdim: true);
        }
        return (z + u + v).exp().MoveToOuterDisposeScope();
    }
}
