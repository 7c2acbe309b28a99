using CsCheck;
using Mhc.MLNet.Generation;

namespace Mhc.MLNet.Tests.Generation;

public class SampledToken
{
    private static readonly Gen<float[]> Logits = Gen.Float[-30, 30].Array[1, 60];
    private static readonly Gen<double> Uniform = Gen.Double[0, 0.999999];

    [Fact]
    public void IsTheLikeliestAtTemperature0AndAmongOne() => Gen.Select(Logits, Uniform).Sample((logits, uniform) =>
    {
        int likeliest = Array.IndexOf(logits, logits.Max());
        Assert.Equal(likeliest, Sampling.Next(logits, new() { Temperature = 0 }, uniform));
        Assert.Equal(likeliest, Sampling.Next(logits, new() { TopK = 1, Temperature = 3 }, uniform));
    });

    /// <summary>
    /// Against the definition, on all tokens: sort, divide by the temperature, keep k, keep the nucleus, cut at the drawn number. Logits lie
    /// close together and far apart, so that a part of the tokens suffices in some cases and not in others.
    /// </summary>
    [Fact]
    public void IsThatOfTheDefinition() =>
        Gen.Select(Logits, Uniform, Gen.Double[0.05, 20], Gen.Int[1, 80], Gen.OneOf(Gen.Double[0.001, 1], Gen.Const(1.0)))
            .Sample((logits, uniform, temperature, k, p) =>
            {
                var options = new MhcGenerationOptions { Temperature = temperature, TopK = k > 60 ? null : k, TopP = p };
                Assert.Equal(Definition(logits, options, uniform), Sampling.Next(logits, options, uniform));
            }, iter: 5000);

    [Fact]
    public void IsTheLowerIdOfTwoAsLikelyOnes() =>
        Assert.Equal([1, 3], new[] { 0.49, 0.51 }.Select(uniform => Sampling.Next([0, 2, 0, 2], new() { TopK = 2 }, uniform)));

    [Fact]
    public void IsDrawnInProportion()
    {
        float[] logits = [.. new[] { 0.5, 0.1, 0.4 }.Select(mass => (float)Math.Log(mass))];
        int[] tokens = [.. Enumerable.Range(0, 10_000)
            .Select(position => Sampling.Next(logits, new() { Temperature = 1 }, Sampling.Uniform(7, 0, position)))];

        // Within five standard deviations.
        Assert.InRange(tokens.Count(token => token == 0), 4750, 5250);
        Assert.InRange(tokens.Count(token => token == 1), 850, 1150);
    }

    [Fact]
    public void DoesNotOverflowAtATinyTemperature() =>
        Assert.Equal(1, Sampling.Next([1, 1.0001f, float.NegativeInfinity], new() { Temperature = double.Epsilon }, 0.9));

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity)]
    public void IsNotDrawnFromWhatIsNoNumber(float value) =>
        Assert.Equal("The model's logits are not finite: its weights or sums overflow. Export an earlier checkpoint.",
            Assert.Throws<ArithmeticException>(() => Sampling.Next([1, value, 2], new(), 0.5)).Message);

    [Fact]
    public void IsLessLikelyWhereItWasThereAlready()
    {
        float[] logits = [3, -3, 1, 0];
        Sampling.Penalize(logits, [0, 1, 3], 1.5);
        Assert.Equal([2, -4.5f, 1, 0], logits);
    }

    private static int Definition(float[] logits, MhcGenerationOptions options, double uniform)
    {
        int[] tokens = [.. Enumerable.Range(0, logits.Length).OrderByDescending(token => logits[token]).Take(options.TopK ?? int.MaxValue)];
        double[] masses = Normalized(tokens.Select(token => Math.Exp((logits[token] - logits.Max()) / options.Temperature)));
        int kept = 0;
        for (double mass = 0; kept < tokens.Length && mass < options.TopP; kept++)
            mass += masses[kept];
        masses = Normalized(masses.Take(kept));
        double passed = 0;
        return tokens[..kept].Zip(masses).First(token => uniform < (passed += token.Second) || token.First == tokens[kept - 1]).First;
    }

    private static double[] Normalized(IEnumerable<double> weights)
    {
        double[] values = [.. weights];
        return [.. values.Select(weight => weight / values.Sum())];
    }
}
