using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// The squares of a nearly orthogonal matrix: X = logits / (‖logits‖_F + eps), then Newton–Schulz steps X ← aX + (bA + cA²)X with
/// A = XXᵀ, then H = X∘X. The steps bring singular values near 1, not to it, so rows and columns sum to about 1.
/// </summary>
internal sealed class Orthostochastic(int streams, int steps, double eps, NewtonSchulzCoefficients coeffs, Initialization init) : Projection
{
    public override string Key => "H_res_logits";

    // The reference's start squares to almost 1/S everywhere at S = 4: the streams would be averaged away. The noise breaks the tie
    // between the identity's equal singular values.
    public override Initial Logits => init == Initialization.Parity ? Diagonal(streams, 0, -8) : Diagonal(streams, 1, 0, std: 0.1);

    public override Tensor Project(Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = logits / (linalg.vector_norm(logits, 2, [1, 2], keepdim: true) + eps);
        for (int i = 0; i < steps; i++)
        {
            Tensor a = x.bmm(x.mT);
            x = (coeffs.A * x) + ((coeffs.B * a) + (coeffs.C * a.bmm(a))).bmm(x);
        }
        return x.square().MoveToOuterDisposeScope();
    }
}
