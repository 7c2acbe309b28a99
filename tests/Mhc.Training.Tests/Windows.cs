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
            long count = new TokenArray(new int[block + 1 + extra]).WindowCount(block + 1);
            long[] windows = WindowSampler.Random(seed, step, 8, count);
            Assert.All(windows, window => Assert.InRange(window, 0, extra));
            Assert.Equal(windows, WindowSampler.Random(seed, step, 8, count));
        });

    [Fact]
    public void AreUniformOverTheTokens()
    {
        int[] counts = new int[10];
        for (int step = 0; step < 1000; step++)
        {
            foreach (long window in WindowSampler.Random(1, step, 10, 10))
                counts[window]++;
        }
        Assert.All(counts, count => Assert.InRange(count, 850, 1150)); // 1,000 expected, five standard deviations either way.
    }

    [Fact]
    public void ForValidationAreSpreadFromTheFirstTokenToTheLast()
    {
        Assert.Equal([0, 29, 59, 89], WindowSampler.Even(4, 90, 10));
        Assert.Equal([0], WindowSampler.Even(4, 1, 10));
        Assert.Equal([0, long.MaxValue / 2, long.MaxValue - 1], WindowSampler.Even(3, long.MaxValue, 10));
    }

    [Fact]
    public void CarryTheNextTokenAsTarget()
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor tokens, Tensor targets) = WindowSampler.Batch(new TokenArray([10, 11, 12, 13, 14]), [0, 2], 2, CPU);

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
