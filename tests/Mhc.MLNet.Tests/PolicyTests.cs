using CsCheck;
using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests;

public class PrefixOfATextTests
{
    [Fact]
    public void IsTheModelsOwnOrNoneOrAnyToken()
    {
        using var own = new MhcScorer(TestModels.Bytes);
        using var newline = new MhcScorer(TestModels.Bytes, new() { Prefix = MhcPrefix.Token('\n') });
        using var space = new MhcScorer(TestModels.Bytes, new() { Prefix = MhcPrefix.Token(' ') });
        using var none = new MhcScorer(TestModels.Bytes, new() { Prefix = MhcPrefix.None });

        Assert.Equal(own.Score("xy").TokenLogProbs, newline.Score("xy").TokenLogProbs);
        Assert.Equal(none.Score(" xy").TokenLogProbs, space.Score("xy").TokenLogProbs);
        Assert.Equal([3, 2], [space.Score("abc").TokenCount, none.Score("abc").TokenCount]);
    }

    [Fact]
    public void OfNoneLeavesTheFirstTokenWithoutAScore()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new() { Prefix = MhcPrefix.None });

        MhcScore score = scorer.Score("ab", MhcDetails.Tokens);

        Assert.Equal([null, score.TokenLogProbs[0]], score.Tokens.Select(token => token.LogProb));
    }

    [Fact]
    public void IsATokenOfTheVocabulary()
    {
        var e = Assert.Throws<ArgumentException>(() => new MhcScorer(TestModels.Bytes, new() { Prefix = MhcPrefix.Token(256) }));

        Assert.Equal("Prefix is token 256, but the model's vocabulary has 256 tokens. Choose an id below that, MhcPrefix.OfModel or "
            + "MhcPrefix.None.", e.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => MhcPrefix.Token(-1));
    }
}

/// <summary>The context of the model is 16 tokens, the prefix among them.</summary>
public class TextsBeyondTheContextTests
{
    private static readonly string Text = string.Concat(Enumerable.Range(0, 20).Select(i => (char)('a' + i)));

    [Fact]
    public void AreCutOnTheLeft() => AssertKept(MhcLongTexts.TruncateLeft, Text, Text[4..], left: 4);

    [Fact]
    public void AreCutOnTheRight() => AssertKept(MhcLongTexts.TruncateRight, Text, Text[..16], left: 4);

    [Fact]
    public void AreLeftWholeWhereTheyFit()
    {
        AssertKept(MhcLongTexts.TruncateLeft, Text[..16], Text[..16], left: 0);
        AssertKept(MhcLongTexts.TruncateRight, Text[..16], Text[..16], left: 0);
        AssertKept(MhcLongTexts.Refuse, Text[..16], Text[..16], left: 0);
    }

    [Fact]
    public void LoseTheirContextFirst()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new() { LongTexts = MhcLongTexts.TruncateLeft });

        MhcScore cut = scorer.Score(new MhcText(Text[5..], Text[..5]), MhcDetails.None);

        Assert.Equal((15, 15, 4), (cut.TokenCount, cut.ByteCount, cut.TruncatedCount));
        Assert.Equal(scorer.Score(new MhcText(Text[5..], Text[4..5]), MhcDetails.None).TokenLogProbs, cut.TokenLogProbs);
    }

    [Fact]
    public void AreRefused()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new() { LongTexts = MhcLongTexts.Refuse });

        var e = Assert.Throws<ArgumentException>(() => scorer.Score([Text[..3], Text]));

        Assert.Equal("The text \"abcdefghijklmnopqrst\" makes the model read 20 tokens, but its context length is 16. Shorten the text, or "
            + "choose MhcLongTexts.Windows, TruncateLeft or TruncateRight.", e.Message);
    }

    [Fact]
    public void HaveMoreBeforeEachTokenWithASmallerStride()
    {
        using var small = new MhcScorer(TestModels.Bytes, new() { Stride = 1 });
        using var all = new MhcScorer(TestModels.Bytes, new() { Stride = 16 });

        Assert.Equal([5, 2], [small.Score(Text).WindowCount, all.Score(Text).WindowCount]);
        Assert.Equal(small.Score(Text[..16]).TokenLogProbs, small.Score(Text).TokenLogProbs[..16]);
    }

    [Theory]
    [InlineData(0, "Stride ('0') must be greater than or equal to '1'. (Parameter 'Stride')\nActual value was 0.")]
    [InlineData(17, "Stride is 17, but the model's context length is 16: the tokens between two windows would have no score. "
        + "Choose at most 16.")]
    public void NeedAStrideWithinTheContext(int stride, string message) => Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(
        () => new MhcScorer(TestModels.Bytes, new() { Stride = stride })).Message.ReplaceLineEndings("\n"));

    private static void AssertKept(MhcLongTexts policy, string text, string kept, int left)
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new() { LongTexts = policy });

        MhcScore score = scorer.Score(text);

        Assert.Equal((kept.Length, left, 1), (score.ByteCount, score.TruncatedCount, score.WindowCount));
        Assert.Equal(scorer.Score(kept).TokenLogProbs, score.TokenLogProbs);
    }
}

public class TextInItsContextTests
{
    /// <summary>log P(a + b) = log P(a) + log P(b | a), token by token.</summary>
    [Fact]
    public void AddsUpToTheWhole()
    {
        using var scorer = new MhcScorer(TestModels.Wide);
        Gen.Select(AnyText.OfLength(0, 25), AnyText.OfLength(0, 25)).Where(AnyText.StayApart).Sample((a, b) =>
        {
            MhcScore whole = scorer.Score(a + b), context = scorer.Score(a), text = scorer.Score(new MhcText(b, a), MhcDetails.None);
            Assert.Equal(whole.TokenLogProbs, context.TokenLogProbs.Concat(text.TokenLogProbs));
            Assert.Equal(whole.ByteCount, context.ByteCount + text.ByteCount);
        }, iter: 200, threads: 1);
    }

    [Fact]
    public void HasTheTokenThatBeginsBeforeIt()
    {
        using var scorer = new MhcScorer(TestModels.BytePairs);

        MhcScore score = scorer.Score(new MhcText("he cat", "a t"), MhcDetails.Tokens);

        Assert.Equal([" the", " ", "c", "a", "t"], score.Tokens.Select(token => token.Text));
        Assert.Equal([-2, 2, 3, 4, 5], score.Tokens.Select(token => token.Start));
    }

    [Fact]
    public void IsScoredWholeHoweverLongBothAre()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);
        Gen.Select(AnyText.OfLength(0, 40), AnyText.OfLength(0, 40)).Where(AnyText.StayApart).Sample((context, text) => Assert.Equal(
            AnyText.Bytes(text).Length, scorer.Score(new MhcText(text, context), MhcDetails.None).TokenCount), iter: 100, threads: 1);
    }

    [Fact]
    public void CountsWhatIsUnknownInTheTextAlone()
    {
        using var scorer = new MhcScorer(TestModels.Characters);

        MhcScore score = scorer.Score(new MhcText("b☃c", "☃a☃"), MhcDetails.Tokens);

        Assert.Equal((2, 1, 5), (score.TokenCount, score.UnknownCount, score.ByteCount));
        Assert.Equal([(0, 1), (2, 1)], score.Tokens.Select(token => (token.Start, token.Length)));
        Assert.Equal([(0, 1), (4, 1)], score.Tokens.Select(token => (token.ByteStart, token.ByteLength)));
    }
}
