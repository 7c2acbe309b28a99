using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// The Sinkhorn projection to doubly stochastic matrices in the log domain (arXiv:2512.24880, equation 9). Starts from
/// Z = logits / tau; each iteration normalises the rows (over "to") first and the columns (over "from") last, so columns sum to 1 exactly
/// and rows carry the truncation error.
/// </summary>
internal sealed class Sinkhorn(int streams, int iters, double tau, Initialization init) : Projection
{
    public override string Key => "H_res_logits";

    public override Initial Logits => init == Initialization.Parity ? Diagonal(streams, 0, -8) : Diagonal(streams, 3, -3);

    public override Tensor Project(Tensor logits) => Project(logits / tau, iters);

    /// <param name="z">(N, S, S) logits already divided by the temperature.</param>
    public static Tensor Project(Tensor z, int iters)
    {
        using DisposeScope scope = NewDisposeScope();
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
