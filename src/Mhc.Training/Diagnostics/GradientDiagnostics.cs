using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>Norms of the last update's gradients of the logits, one a sublayer, as they were before clipping.</summary>
/// <param name="HRes">Of everything that H_res is made from; absent where it has no parameters.</param>
/// <param name="HPre">Of <c>H_pre_logits</c>.</param>
/// <param name="HPost">Of <c>H_post_logits</c>.</param>
internal sealed record GradientDiagnostics(double[]? HRes, double[]? HPre, double[]? HPost)
{
    /// <param name="clipRatio">What the gradients were multiplied by.</param>
    /// <returns>Null where there are no gradients yet: before the first update, and after a run was opened again.</returns>
    public static GradientDiagnostics? Of(FlatParameters parameters, IReadOnlyList<string> sublayers, double clipRatio)
    {
        using DisposeScope scope = NewDisposeScope();
        return parameters.Gradients.count_nonzero().item<long>() == 0 ? null : new(Norms("H_res_"), Norms("H_pre_"), Norms("H_post_"));

        double[]? Norms(string kind)
        {
            double[] norms = [.. sublayers.Select(path => Norm($"{path}.{kind}"))];
            return norms.All(double.IsNaN) ? null : norms;
        }

        double Norm(string prefix)
        {
            Tensor[] gradients =
            [
                .. parameters.Specs.Where(spec => spec.Name.StartsWith(prefix, StringComparison.Ordinal))
                    .Select(spec => parameters.GradientOf(spec.Name).flatten()),
            ];
            return gradients.Length == 0 ? double.NaN : cat(gradients).norm().item<float>() / clipRatio;
        }
    }
}
