using CsCheck;
using Mhc.MLNet.Tests.Kit;
using Mhc.Testing;

namespace Mhc.MLNet.Tests;

public class ScoreOfAText
{
    [Fact]
    public void IsWhatTheLogitsGraphGivesOnePositionAtATime()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);
        using var slow = new OnePositionAtATime();
        Gen.Int[0, 60].SelectMany(length => AnyText.OfLength(length, length)).Sample(text =>
        {
            MhcScore score = scorer.Score(text);
            double[] expected = [.. slow.LogProbs(AnyText.Bytes(text))];
            Assert.Equal(expected.Length, score.TokenCount);
            Assert.All(expected.Zip(score.TokenLogProbs), pair => Assert.Equal(pair.First, pair.Second, Tolerance.Logits));
        }, iter: 30, threads: 1);
    }

    [Fact]
    public void IsTheSumOfItsTokens()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);
        AnyText.OfLength(0, 100).Sample(text =>
        {
            MhcScore score = scorer.Score(text);
            Assert.Equal(score.TokenLogProbs.Sum(p => (double)p), score.LogLikelihood);
            Assert.Equal((score.ByteCount, 0), (score.TokenCount, score.UnknownCount));
        });
    }

    [Fact]
    public void HasPerplexityAndBitsPerByte()
    {
        using var scorer = new MhcScorer(TestModels.Characters);
        MhcScore score = scorer.Score("é😀a");
        Assert.Equal((3, 7), (score.TokenCount, score.ByteCount));
        Assert.Equal(Math.Exp(-score.LogLikelihood / 3), score.Perplexity);
        Assert.Equal(-score.LogLikelihood / Math.Log(2) / 7, score.BitsPerByte, 1e-12);
    }

    [Fact]
    public void LeavesTheFirstTokenOutWhereThereIsNoPrefix()
    {
        using var scorer = new MhcScorer(TestModels.BytesWithoutPrefix);
        Assert.Equal([0, 0, 1, 6, 7, 19], ((int[])[0, 1, 2, 7, 8, 20]).Select(length => scorer.Score(new string('x', length)).TokenCount));
    }

    [Fact]
    public void CountsWindows()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);
        Assert.Equal([0, 1, 1, 2, 2, 3], ((int[])[0, 1, 16, 17, 24, 25]).Select(length => scorer.Score(new string('x', length)).WindowCount));
    }

    [Fact]
    public void WithoutATokenIsEmpty()
    {
        AssertEmpty("", unknown: 0);
        AssertEmpty("☃\uD800\uDC01\uDC00", unknown: 3);
    }

    [Fact]
    public void PassesOverWhatTheVocabularyLacks()
    {
        using var scorer = new MhcScorer(TestModels.Characters);
        MhcScore score = scorer.Score("a☃b\uD800c");
        Assert.Equal(scorer.Score("abc").TokenLogProbs, score.TokenLogProbs);
        Assert.Equal((2, 9), (score.UnknownCount, score.ByteCount));
    }

    [Fact]
    public void MayBeOfAVeryLongText()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { TokensPerBatch = 100 });
        Assert.Equal((10_000, 1249), (scorer.Score(new string('x', 10_000)).TokenCount, scorer.Score(new string('x', 10_000)).WindowCount));
    }

    private static void AssertEmpty(string text, int unknown)
    {
        using var scorer = new MhcScorer(TestModels.Characters);
        MhcScore score = scorer.Score(text);
        Assert.Equal((0.0, 0, unknown, 0), (score.LogLikelihood, score.TokenCount, score.UnknownCount, score.WindowCount));
        Assert.Equal((double.NaN, double.NaN), (score.Perplexity, score.BitsPerByte));
        Assert.Empty(score.TokenLogProbs);
    }
}
