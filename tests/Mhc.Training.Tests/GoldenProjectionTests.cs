using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>The Sinkhorn projection and its gradient against the PyTorch reference, in both precisions, logits up to ±50.</summary>
public class GoldenProjectionTests
{
    public static TheoryData<string> Projections => GoldenFixture.Projections;

    [Theory, MemberData(nameof(Projections))]
    public void SinkhornAndItsGradientAgree(string folder)
    {
        IReadOnlyDictionary<string, FixtureTensor> golden = GoldenFixture.ReadAll(folder, "projections.safetensors");
        string[] cases =
        [
            .. golden.Keys.Where(name => name.EndsWith(".logits", StringComparison.Ordinal)).Select(name => name[..^".logits".Length]),
        ];
        Assert.NotEmpty(cases);

        foreach (string name in cases)
        {
            foreach ((int iters, double tau, string suffix) in new[] { (10, 0.05, "sinkhorn_i10_t0.05"), (20, 1.0, "sinkhorn_i20_t1.0") })
            {
                using DisposeScope scope = NewDisposeScope();
                Check($"{name}.{suffix}", "f32", ScalarType.Float32, Tolerance.ProjectionOf(golden[$"{name}.logits"].Values, tau), iters,
                    tau);
                Check($"{name}.{suffix}", "f64", ScalarType.Float64, Tolerance.Float64, iters, tau);
            }

            void Check(string key, string precision, ScalarType type, double tolerance, int iters, double tau)
            {
                Tensor logits = Fixture($"{name}.logits", type).requires_grad_();
                Tensor hRes = Sinkhorn.Project(logits.unsqueeze(0) / tau, iters).squeeze(0);
                Tensor gradient = autograd.grad([hRes], [logits], [Fixture($"{name}.cotangent", type)])[0];
                TensorAssert.Close($"{key}.{precision}", golden[$"{key}.{precision}"], hRes.shape, hRes.ToDoubles(), tolerance);
                TensorAssert.Close($"{key}.grad_{precision}", golden[$"{key}.grad_{precision}"], gradient.shape, gradient.ToDoubles(),
                    Tolerance.ProjectionGradient(tolerance, tau));
            }
        }

        Tensor Fixture(string name, ScalarType type) => tensor(golden[name].Values, golden[name].Shape).to(type);
    }
}
