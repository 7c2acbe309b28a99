using CsCheck;
using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Mhc.Training.Tests;

/// <summary>The pass that trains gives what the definition and its derivative give.</summary>
public class TrainingPass
{
    private static readonly MhcConfig Tiny = new() { VocabSize = 13, BlockSize = 8, NLayer = 2, NHead = 2, NEmbd = 8 };

    private static readonly Gen<MhcConfig> Designs =
        from residual in Gen.Enum<ResidualMode>()
        from hRes in Gen.Enum<HResProjection>()
        from valueResidual in Gen.Enum<ValueResidual>()
        from reduce in Gen.Enum<StreamReduce>()
        from map in Gen.Enum<StreamMap>()
        from layers in Gen.OneOf(1, 2, 3, 7, 13) // one chunk, several, and 26 sublayers, whose chunks are two long
        from streams in Gen.OneOf(2, 4)
        from fracs in Gen.OneOf(1, 2)
        from dropout in Gen.OneOf(0, 0.2)
        select Tiny with
        {
            Residual = residual,
            HRes = hRes,
            IdentityMix = hRes == HResProjection.Circulant,
            ValueResidual = valueResidual,
            StreamReduce = reduce,
            HPre = map,
            HPost = map,
            NLayer = layers,
            Streams = streams,
            Fracs = fracs,
            Dropout = dropout,
        };

    [Fact]
    public void HasTheLossAndTheGradientsOfTheDefinition() => Designs.Sample(config =>
    {
        using DisposeScope scope = NewDisposeScope();
        using MhcModel model = Noisy(config);
        (Tensor tokens, Tensor targets) = Batch(config);

        manual_seed(5);
        Tensor expectedLoss = model.Loss(tokens, targets, training: true);
        expectedLoss.backward();
        double[] expected = model.Parameters.Gradients.ToDoubles();
        model.Parameters.ZeroGradients();
        manual_seed(5);
        Tensor loss = model.Backward(tokens, targets);

        TensorAssert.Close("loss", expectedLoss.reshape(1).ToDoubles(), loss.reshape(1).ToDoubles(), Tolerance.Loss);
        TensorAssert.Close("gradients", expected, model.Parameters.Gradients.ToDoubles(), Tolerance.Gradient);
    }, iter: 40, threads: 1);

    [Fact]
    public void AddsScaledGradients()
    {
        using DisposeScope scope = NewDisposeScope();
        using MhcModel model = Noisy(Tiny);
        (Tensor tokens, Tensor targets) = Batch(Tiny);
        model.Backward(tokens, targets);
        double[] once = model.Parameters.Gradients.ToDoubles();

        model.Backward(tokens, targets, scale: 2);

        TensorAssert.Close("gradients", [.. once.Select(value => 3 * value)], model.Parameters.Gradients.ToDoubles(), Tolerance.Gradient);
    }

    [Fact]
    public void MakesALargeVocabularysLogitsInParts()
    {
        using DisposeScope scope = NewDisposeScope();
        MhcConfig config = Tiny with { VocabSize = 50304, BlockSize = 700, NLayer = 1 }; // 35 million logits: two parts
        using MhcModel model = Noisy(config);
        (Tensor tokens, Tensor targets) = Batch(config);
        using IDisposable noGradients = no_grad();

        double expected = F.cross_entropy(model.forward(tokens).view(-1, config.VocabSize), targets.flatten()).item<float>();

        Assert.Equal(expected, model.Loss(tokens, targets).item<float>(), Tolerance.Loss);
    }

    [Theory]
    [InlineData(TrainingDtype.Bfloat16)]
    [InlineData(TrainingDtype.Float16)]
    public void InHalfPrecisionStaysNearFloat32(TrainingDtype dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor tokens, Tensor targets) = Batch(Tiny);
        double[] expected = Losses(TrainingDtype.Float32), actual = Losses(dtype);

        TensorAssert.Close("losses", expected, actual, 0.02);
        Assert.NotEqual(expected, actual);
        Assert.True(actual[^1] < actual[0] - 0.5);

        double[] Losses(TrainingDtype type)
        {
            using var model = new MhcModel(Tiny, 1, CPU, type);
            using var optimizer = new AdamW(model.Parameters, 0.9, 0.95, 0.1);
            var scaler = new LossScaler(type);
            var losses = new List<double>();
            while (losses.Count < 60)
            {
                model.Parameters.ZeroGradients();
                double loss = model.Backward(tokens, targets, scaler.Scale).item<float>();
                if (!scaler.Accept(optimizer.ClipGradients(1, scaler.Scale).item<float>()))
                    continue; // The first scales of float16 are too large.
                optimizer.Step(new(5e-3, 5e-3, 5e-3));
                losses.Add(loss);
            }
            return [.. losses];
        }
    }

    // Away from the start, where many a gradient is zero.
    private static MhcModel Noisy(MhcConfig config)
    {
        var model = new MhcModel(config, 3, CPU);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        using var generator = new Generator(4);
        model.Parameters.Values.add_(0.1 * randn(model.Parameters.Values.shape, generator: generator));
        return model;
    }

    private static (Tensor Tokens, Tensor Targets) Batch(MhcConfig config)
    {
        using var generator = new Generator(9);
        Tensor windows = randint(config.VocabSize, [2, config.BlockSize + 1], ScalarType.Int64, generator: generator);
        return (windows.narrow(1, 0, config.BlockSize).contiguous(), windows.narrow(1, 1, config.BlockSize).contiguous());
    }
}
