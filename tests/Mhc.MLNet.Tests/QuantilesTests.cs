using CsCheck;

namespace Mhc.MLNet.Tests;

public class Quantiles
{
    private static readonly MhcQuantiles Known = new() { Unit = "line", Count = 5, Levels = [0, 10, 50, 100], Values = [1, 2, 2, 4] };

    [Theory]
    [InlineData(0.5, 0), InlineData(1, 0), InlineData(1.5, 5), InlineData(2, 50), InlineData(3, 75), InlineData(4, 100), InlineData(9, 100)]
    [InlineData(double.NaN, double.NaN), InlineData(double.PositiveInfinity, 100)]
    public void TellTheShareThatScoresAtMostSoMuch(double bitsPerByte, double percentile) =>
        Assert.Equal(percentile, Known.Percentile(bitsPerByte));

    [Theory]
    [InlineData(0, 1), InlineData(5, 1.5), InlineData(10, 2), InlineData(30, 2), InlineData(50, 2), InlineData(75, 3), InlineData(100, 4)]
    public void TellTheThresholdOfAShare(double percentile, double bitsPerByte) => Assert.Equal(bitsPerByte, Known.Value(percentile));

    [Theory]
    [InlineData(-0.1), InlineData(100.1), InlineData(double.NaN)]
    public void RefuseWhatIsNoPercentage(double percentile) => Assert.StartsWith(
        "Expected a percentage from 0 to 100.", Assert.Throws<ArgumentOutOfRangeException>(() => Known.Value(percentile)).Message);

    [Fact]
    public void AreTheInverseOfEachOtherWhereTheyRise() => Gen.Double[0, 10].Array[2, 30].Sample(steps =>
    {
        double[] values = [.. steps.Select((_, i) => steps[..(i + 1)].Sum(step => step + 0.001))];
        double[] levels = [.. values.Select((_, i) => 100.0 * i / (values.Length - 1))];
        var quantiles = new MhcQuantiles { Unit = "line", Count = values.Length, Levels = levels, Values = values };
        for (double percentile = 0; percentile <= 100; percentile += 2.5)
            Assert.Equal(percentile, quantiles.Percentile(quantiles.Value(percentile)), 1e-6);
    }, iter: 200);
}
