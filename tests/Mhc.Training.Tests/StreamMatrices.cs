using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>H_res, h_pre and h_post of a model.</summary>
public class StreamMatrices
{
    private static readonly MhcConfig Tiny = new() { VocabSize = 13, BlockSize = 8, NLayer = 2, NHead = 2, NEmbd = 8 };

    [Theory]
    [InlineData(HResProjection.Sinkhorn)]
    [InlineData(HResProjection.Identity)]
    [InlineData(HResProjection.Orthostochastic)]
    [InlineData(HResProjection.Permutation)]
    [InlineData(HResProjection.Circulant)]
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

    public static TheoryData<HResProjection> All => new(Enum.GetValues<HResProjection>());

    [Theory, MemberData(nameof(All))]
    public void LearnFromTheLiveStart(HResProjection hRes)
    {
        using var model = new MhcModel(Tiny with { HRes = hRes }, 1, CPU);
        Assert.Empty(model.Mhc!.DeadProjections());
    }

    [Theory, MemberData(nameof(All))]
    public void StartNearTheIdentity(HResProjection hRes)
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new MhcModel(Tiny with { HRes = hRes }, 1, CPU);

        Tensor distance = (model.Mhc!.Project().HRes - eye(4)).abs().max();

        Assert.InRange(distance.item<float>(), 0, hRes == HResProjection.Orthostochastic ? 0.15 : 0.02);
    }

    [Fact]
    public void OfAnIdentityMixLieBetweenTheIdentityAndTheProjection()
    {
        using DisposeScope scope = NewDisposeScope();
        MhcConfig config = Tiny with { HRes = HResProjection.Permutation, IdentityMix = true, IdentityMixAlpha = 0.25 };
        using var mixed = new MhcModel(config, 1, CPU);
        using var whole = new MhcModel(config with { IdentityMix = false }, 1, CPU);
        foreach (MhcModel model in new[] { mixed, whole })
        {
            foreach (string sublayer in ParameterTable.Sublayers(config))
                model.Parameters.ValueOf($"{sublayer}.H_res_permutation_logits").copy_(arange(24).sin());
        }

        TensorAssert.Close("H_res", ((0.75 * eye(4)) + (0.25 * whole.Mhc!.Project().HRes)).ToDoubles(),
            mixed.Mhc!.Project().HRes.ToDoubles(), 1e-6);
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
