using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests;

public class AnomaliesTests
{
    [Fact]
    public void ScoreMoreThanAShareOfOrdinaryTexts()
    {
        using var half = new MhcScorer(TestModels.WithMoreOutputs, new() { AnomalyPercentile = 50 });
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"text {i} {(char)('a' + (i % 26))}")];

        IReadOnlyList<MhcScore> scores = half.Score(texts);

        Assert.Equal([false, true], scores.Select(score => score.IsAnomaly!.Value).Distinct().Order());
        Assert.All(scores, score => Assert.Equal(score.BitsPerByte > 8, score.IsAnomaly));
        Assert.All(scores, score => Assert.Equal(half.Model.BitsPerByteQuantiles!.Percentile(score.BitsPerByte), score.Percentile));
        Assert.All(scores, score => Assert.Equal(score.IsAnomaly, score.Percentile > 50));
    }

    [Fact]
    public void AreNoneWithoutTokens()
    {
        using var scorer = new MhcScorer(TestModels.WithMoreOutputs);
        Assert.Equal((double.NaN, false), (scorer.Score("").Percentile!.Value, scorer.Score("").IsAnomaly!.Value));
    }

    [Fact]
    public void AreUnknownToAModelThatDoesNotSayWhatIsOrdinary()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);
        Assert.Equal((null, null), (scorer.Score("x").Percentile, scorer.Score("x").IsAnomaly));
    }

    [Theory]
    [InlineData(-1), InlineData(100.5), InlineData(double.NaN)]
    public void NeedAPercentage(double percentile) => Assert.StartsWith("Expected a percentage from 0 to 100. (Parameter 'AnomalyPercentile')",
        Assert.Throws<ArgumentOutOfRangeException>(() => new MhcScorer(TestModels.Bytes, new() { AnomalyPercentile = percentile })).Message,
        StringComparison.Ordinal);
}
