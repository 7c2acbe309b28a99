using CsCheck;
using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>Which windows of the tokens are trained on and evaluated, and at which learning rate.</summary>
public class Windows
{
    [Fact]
    public void AreWithinTheTokensAndTheSameForTheSameStep() =>
        Gen.Select(Gen.Int[0, 1000], Gen.Long[0, 1L << 40], Gen.Int[1, 64], Gen.Int[0, 50]).Sample((seed, step, block, extra) =>
        {
            int tokens = block + 1 + extra;
            int[] starts = WindowSampler.RandomStarts(seed, step, 8, tokens, block);
            Assert.All(starts, start => Assert.InRange(start, 0, tokens - block - 1));
            Assert.Equal(starts, WindowSampler.RandomStarts(seed, step, 8, tokens, block));
        });

    [Fact]
    public void AreUniformOverTheTokens()
    {
        int[] counts = new int[10];
        for (int step = 0; step < 1000; step++)
        {
            foreach (int start in WindowSampler.RandomStarts(1, step, 10, 10 + 4, 4))
                counts[start]++;
        }
        Assert.All(counts, count => Assert.InRange(count, 850, 1150)); // 1,000 expected, five standard deviations either way.
    }

    [Fact]
    public void ForValidationAreSpreadFromTheFirstTokenToTheLast()
    {
        Assert.Equal([0, 29, 59, 89], WindowSampler.EvenStarts(4, 100, 10));
        Assert.Equal([0], WindowSampler.EvenStarts(4, 11, 10));
    }

    [Fact]
    public void CarryTheNextTokenAsTarget()
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor tokens, Tensor targets) = WindowSampler.Batch([10, 11, 12, 13, 14], [0, 2], 2, CPU);

        Assert.Equal([10, 11, 12, 13], tokens.ToDoubles());
        Assert.Equal([11, 12, 13, 14], targets.ToDoubles());
    }

    [Fact]
    public void LearningRateWarmsUpThenFollowsACosineToItsFloor()
    {
        var options = new TrainingOptions { LearningRate = 1, MinLr = 0.1, WarmupIters = 4, LrDecayIters = 14, MaxIters = 20 };

        double[] rates = [.. new[] { 0, 3, 4, 9, 14, 19 }.Select(step => CosineSchedule.At(step, options))];

        TensorAssert.Close("learning rates", [0.2, 0.8, 1, 0.55, 0.1, 0.1], rates, 1e-12);
    }
}
