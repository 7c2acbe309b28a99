using CsCheck;

namespace Mhc.Training.Tests;

/// <summary>The token that is drawn from logits.</summary>
public class SampledToken
{
    private static readonly Gen<float[]> Logits = Gen.Float[-9, 9].Array[1, 40];
    private static readonly Gen<double> Uniform = Gen.Double[0, 0.999999];

    [Fact]
    public void IsTheLikeliestAtTemperature0() => Gen.Select(Logits, Uniform).Sample((logits, uniform) =>
        Array.IndexOf(logits, logits.Max()) == Sampling.Next(logits, new() { Temperature = 0 }, uniform));

    [Fact]
    public void IsTheLikeliestAmongOne() => Gen.Select(Logits, Uniform, Gen.Double[0.01, 5]).Sample((logits, uniform, temperature) =>
        Array.IndexOf(logits, logits.Max()) == Sampling.Next(logits, new() { TopK = 1, Temperature = temperature }, uniform));

    [Fact]
    public void IsAmongTheKLikeliest() => Gen.Select(Logits, Gen.Int[1, 50]).Sample((logits, k) =>
    {
        Sampling.Candidates candidates = Sampling.Among(logits, new() { TopK = k, Temperature = 1 });

        Assert.Equal(Math.Min(k, logits.Length), candidates.Tokens.Length);
        float least = candidates.Tokens.Min(token => logits[token]);
        Assert.True(Enumerable.Range(0, logits.Length).Except(candidates.Tokens).All(token => logits[token] <= least));
    });

    /// <summary>The kept tokens are the likeliest, their mass is at least p, and without the last of them it is not.</summary>
    [Fact]
    public void IsInTheSmallestNucleusOfMassP() => Gen.Select(Logits, Gen.Double[0.001, 1], Gen.Double[0.1, 3]).Sample((logits, p, t) =>
    {
        double[] masses = Softmax(logits, t);

        Sampling.Candidates candidates = Sampling.Among(logits, new() { TopP = p, Temperature = t });

        double[] kept = [.. candidates.Tokens.Select(token => masses[token])];
        Assert.True(kept.Sum() >= p - 1e-12);
        Assert.True(kept.Length == 1 || kept[..^1].Sum() < p + 1e-12);
        Assert.True(Enumerable.Range(0, logits.Length).Except(candidates.Tokens).All(token => masses[token] <= kept[^1]));
        Assert.Equal(1, candidates.Probabilities.Sum(), 1e-12);
    });

    /// <summary>Cutting [0, 1) at the sums of the probabilities gives each token its own part.</summary>
    [Fact]
    public void IsDrawnInProportion()
    {
        float[] logits = [.. new[] { 0.5, 0.1, 0.4 }.Select(mass => (float)Math.Log(mass))];
        double[] draws = [.. Enumerable.Range(0, 10_000).Select(position => Sampling.Uniform(7, 0, position))];

        int[] tokens = [.. draws.Select(draw => Sampling.Next(logits, new() { Temperature = 1 }, draw))];

        Assert.Equal([0, 2, 1], new[] { 0.49, 0.51, 0.95 }.Select(draw => Sampling.Next(logits, new() { Temperature = 1 }, draw)));
        Assert.All(draws, draw => Assert.InRange(draw, 0, 1 - 1e-17));
        // Within five standard deviations.
        Assert.InRange(tokens.Count(token => token == 0), 4750, 5250);
        Assert.InRange(tokens.Count(token => token == 1), 850, 1150);
    }

    [Fact]
    public void DoesNotOverflowAtATinyTemperature() =>
        Assert.Equal(1, Sampling.Next([1, 1.0001f, float.NegativeInfinity], new() { Temperature = double.Epsilon }, 0.9));

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity)]
    public void IsNotDrawnFromWhatIsNoNumber(float value) =>
        Assert.Equal("The model's logits are not finite: its weights or sums overflow. Take an earlier checkpoint.",
            Assert.Throws<ArithmeticException>(() => Sampling.Next([1, value, 2], new(), 0.5)).Message);

    private static double[] Softmax(float[] logits, double temperature)
    {
        double[] weights = [.. logits.Select(logit => Math.Exp(logit / temperature))];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }
}
