using CsCheck;
using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>Properties of H_res, h_pre and h_post, and of the model around them.</summary>
public class StreamMatrices
{
    private static readonly MhcConfig Tiny = new() { VocabSize = 13, BlockSize = 8, NLayer = 2, NHead = 2, NEmbd = 8 };

    [Fact]
    public void SinkhornIsNonNegativeWithExactColumnsAndNearlyExactRows() => Logits.Sample((streams, values) =>
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hRes = Sinkhorn.Project(tensor(values, [1, streams, streams]), 20);

        Assert.True(hRes.min().item<double>() >= 0);
        Assert.True((hRes.sum([1L]) - 1).abs().max().item<double>() < 1e-12);
        // Logits of size 2 have converged after 20 iterations; what is left is the stated truncation error.
        Assert.True((hRes.sum([2L]) - 1).abs().max().item<double>() < 1e-3);
    }, iter: 50);

    [Fact]
    public void SinkhornsGradientIsThatOfFiniteDifferences() => Logits.Sample((streams, values) =>
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = tensor(values, [1, streams, streams]).requires_grad_();
        Tensor cotangent = arange(streams * streams, ScalarType.Float64).view(1, streams, streams).sin();
        Func<Tensor, Tensor> objective = z => (Sinkhorn.Project(z, 20) * cotangent).sum();
        double[] gradient = autograd.grad([objective(logits)], [logits])[0].ToDoubles();
        const double Step = 1e-6;
        for (int i = 0; i < gradient.Length; i++)
        {
            double[] up = [.. values], down = [.. values];
            (up[i], down[i]) = (up[i] + Step, down[i] - Step);
            double slope = (objective(tensor(up, logits.shape)) - objective(tensor(down, logits.shape))).item<double>() / (2 * Step);
            Assert.Equal(slope, gradient[i], 1e-7);
        }
    }, iter: 20);

    [Theory]
    [InlineData(HResProjection.Sinkhorn)]
    [InlineData(HResProjection.Identity)]
    public void OneStreamWithSoftmaxMapsIsThePlainResidual(HResProjection hRes)
    {
        using DisposeScope scope = NewDisposeScope();
        using var mhc = new MhcModel(Tiny with { Streams = 1, HRes = hRes }, 3, CPU);
        using var plain = new MhcModel(Tiny with { Residual = ResidualMode.None }, CPU);
        foreach (ParameterSpec spec in plain.Parameters.Specs)
            plain.Parameters.SetBytes(spec.Name, mhc.Parameters.BytesOf(spec.Name));
        Tensor tokens = arange(16, ScalarType.Int64).remainder(13).view(2, 8);

        TensorAssert.Close("logits", plain.forward(tokens).ToDoubles(), mhc.forward(tokens).ToDoubles(), 1e-6);
    }

    [Fact]
    public void AreProjectedByTheSameNumberOfOperationsWhateverTheDepth() => Assert.Equal(TensorsOfAProjection(1), TensorsOfAProjection(6));

    [Fact]
    public void AreUpdatedByTheSameNumberOfOperationsWhateverTheDepth() => Assert.Equal(TensorsOfAnUpdate(1), TensorsOfAnUpdate(6));

    [Fact]
    public void LearnFromTheLiveStart()
    {
        using var model = new MhcModel(Tiny, 1, CPU);
        Assert.Empty(model.Mhc!.DeadProjections());
    }

    [Fact]
    public void NeverLearnFromTheReferencesStart()
    {
        using var model = new MhcModel(Tiny with { Init = Initialization.Parity, HResTau = 0.05, HResIters = 10 }, 1, CPU);
        Assert.Equal(["transformer.h.0.hc_attn", "transformer.h.0.hc_mlp", "transformer.h.1.hc_attn", "transformer.h.1.hc_mlp"],
            model.Mhc!.DeadProjections());
    }

    [Fact]
    public void OfTheLiveStartAreNearTheIdentityAndReadTheHomeStream()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new MhcModel(Tiny, 1, CPU);

        StaticMhc.Matrices h = model.Mhc!.Project();

        Assert.Equal(0.9926, h.HRes[0, 0, 0].item<float>(), 1e-4); // 1 / (1 + 3·exp(−6))
        for (int sublayer = 0; sublayer < 4; sublayer++)
        {
            Assert.Equal(sublayer, h.HPre[sublayer].argmax().item<long>());
            Assert.Equal(sublayer, h.HPost[sublayer].argmax().item<long>());
        }
    }

    private static Gen<(int Streams, double[] Values)> Logits => Gen.Int[2, 5].SelectMany(
        streams => Gen.Double[-2, 2].Array[streams * streams].Select(values => (streams, values)));

    private static long TensorsOfAProjection(int layers)
    {
        using var model = new MhcModel(Tiny with { NLayer = layers }, 1, CPU);
        return TensorsMadeBy(() => model.Mhc!.Project());
    }

    private static long TensorsOfAnUpdate(int layers)
    {
        using var model = new MhcModel(Tiny with { NLayer = layers }, 1, CPU);
        using var optimizer = new AdamW(model.Parameters, 0.9, 0.95, 0.1);
        return TensorsMadeBy(() =>
        {
            model.Parameters.ZeroGradients();
            optimizer.ClipGradients(1);
            optimizer.Step(new(1e-3, 1e-3, 1e-3));
        });
    }

    private static long TensorsMadeBy(Action action)
    {
        using DisposeScope scope = NewDisposeScope();
        DisposeScopeManager.Statistics.Reset();
        action();
        return DisposeScopeManager.Statistics.CreatedInScopeCount + DisposeScopeManager.Statistics.CreatedOutsideScopeCount;
    }
}
