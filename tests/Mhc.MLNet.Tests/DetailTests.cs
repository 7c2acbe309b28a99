using CsCheck;
using Mhc.MLNet.Tests.Kit;
using Mhc.Testing;

namespace Mhc.MLNet.Tests;

public class DetailsOfATextTests
{
    private const MhcDetails All = MhcDetails.Tokens | MhcDetails.Ranks | MhcDetails.Entropies | MhcDetails.Alternatives
        | MhcDetails.IsGreedy | MhcDetails.HiddenMean | MhcDetails.HiddenLast;

    [Fact]
    public void AreOfEachToken()
    {
        using var scorer = new MhcScorer(TestModels.WithMoreOutputs);

        MhcScore score = scorer.Score("a😀", All);

        Assert.Equal(scorer.Score("a😀").TokenLogProbs, score.TokenLogProbs);
        Assert.Equal([('a', "a"), (0xF0, "bytes:\\xf0"), (0x9F, "bytes:\\x9f"), (0x98, "bytes:\\x98"), (0x80, "bytes:\\x80")],
            score.Tokens.Select(token => (token.Id, token.Text)));
        Assert.Equal([(0, 1, 0, 1), (1, 2, 1, 1), (1, 2, 2, 1), (1, 2, 3, 1), (1, 2, 4, 1)],
            score.Tokens.Select(token => (token.Start, token.Length, token.ByteStart, token.ByteLength)));
        Assert.Equal(score.TokenLogProbs, score.Tokens.Select(token => token.LogProb!.Value));
        Assert.All(score.Tokens, token =>
        {
            Assert.InRange(token.Rank!.Value, 1, 256);
            Assert.InRange(token.Entropy!.Value, 0, Math.Log(256));
            Assert.Equal(5, token.Alternatives.Count);
            Assert.Equal(token.Alternatives.OrderByDescending(other => other.LogProb), token.Alternatives);
            Assert.Equal(token.Rank <= 5 ? token.LogProb : null, token.Alternatives.Where(other => other.Id == token.Id)
                .Select(other => (float?)other.LogProb).SingleOrDefault());
        });
    }

    [Fact]
    public void AreNotThereUnlessAskedFor()
    {
        using var scorer = new MhcScorer(TestModels.WithMoreOutputs);

        MhcScore score = scorer.Score("abc");

        Assert.Empty(score.Tokens);
        Assert.Equal((null, null, null), (score.IsGreedy, score.HiddenMean, score.HiddenLast));
        Assert.All(scorer.Score("abc", MhcDetails.Tokens).Tokens, token =>
            Assert.Equal((null, null, 0), (token.Rank, token.Entropy, token.Alternatives.Count)));
    }

    /// <summary>With what the vocabulary lacks and what UTF-16 forbids between them.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PlaceTokensInAnyText(bool characters)
    {
        using var scorer = new MhcScorer(characters ? TestModels.Characters : TestModels.BytePairs);
        Gen.Select(AnyText.OfLength(0, 6), AnyText.OfLength(0, 12)).Where(AnyText.StayApart).Sample((context, text) =>
        {
            foreach (MhcToken token in scorer.Score(new MhcText(text, context), MhcDetails.Tokens).Tokens)
            {
                string touched = (context + text).Substring(context.Length + token.Start, token.Length);
                Assert.True(token.Text.StartsWith("bytes:", StringComparison.Ordinal) ? touched.Length > 0 : touched == token.Text);
                int before = AnyText.Bytes((context + text)[..(context.Length + token.Start)]).Length - AnyText.Bytes(context).Length;
                Assert.InRange(token.ByteStart - before, 0, 3);
            }
        }, iter: 300, threads: 1);
    }

    [Fact]
    public void TellWhetherEachTokenIsTheMostProbable()
    {
        using var scorer = new MhcScorer(TestModels.WithMoreOutputs);
        string greedy = "", context = "Once ";
        for (int i = 0; i < 4; i++)
            greedy += (char)scorer.Score(new MhcText("x", context + greedy), MhcDetails.Alternatives).Tokens[0].Alternatives
                .First(other => other.Id < 128).Id;
        bool allAscii = scorer.Score(new MhcText(greedy, context), MhcDetails.Ranks).Tokens.All(token => token.Rank == 1);

        Assert.Equal(allAscii, scorer.Score(new MhcText(greedy, context), MhcDetails.IsGreedy).IsGreedy);
        Assert.False(scorer.Score(new MhcText("zzzz", context), MhcDetails.IsGreedy).IsGreedy);
        Assert.True(scorer.Score(new MhcText("", context), MhcDetails.IsGreedy).IsGreedy);
    }

    /// <summary>A state knows nothing of what comes later: the mean is that of the states behind each beginning of the text.</summary>
    [Theory]
    [InlineData("", "abcdef")]
    [InlineData("before ", "abcdef")]
    public void HaveTheMeanOfTheHiddenStatesAndTheLast(string context, string text)
    {
        using var scorer = new MhcScorer(TestModels.WithMoreOutputs);
        MhcScore[] beginnings = [.. Enumerable.Range(1, text.Length).Select(length =>
            scorer.Score(new MhcText(text[..length], context), MhcDetails.HiddenMean | MhcDetails.HiddenLast))];

        Assert.Equal(beginnings[0].HiddenLast, beginnings[0].HiddenMean);
        Assert.NotEqual(beginnings[0].HiddenLast, beginnings[1].HiddenLast);
        Assert.All(beginnings[^1].HiddenMean!.Index(), mean =>
            Assert.Equal(beginnings.Average(score => (double)score.HiddenLast![mean.Index]), mean.Item, Tolerance.Logits));
        Assert.Equal(scorer.Score(new MhcText(text, context), MhcDetails.None).TokenLogProbs, beginnings[^1].TokenLogProbs);
    }

    [Fact]
    public void HaveZerosForTheHiddenStateOfNothing()
    {
        using var scorer = new MhcScorer(TestModels.WithMoreOutputs);
        MhcScore one = scorer.Score("a", MhcDetails.HiddenMean);
        MhcScore empty = scorer.Score("", MhcDetails.HiddenMean | MhcDetails.HiddenLast);
        Assert.All([.. empty.HiddenMean!, .. empty.HiddenLast!], value => Assert.Equal(0, value));
        Assert.Equal(one.HiddenMean!.Length, empty.HiddenMean!.Length);
    }

    [Fact]
    public void AreTheSameAloneAndTogether()
    {
        using var scorer = new MhcScorer(TestModels.WithMoreOutputs);
        AnyText.OfLength(0, 40).Array[1, 8].Sample(texts =>
        {
            MhcText[] all = [.. texts.Select((text, i) => new MhcText(text, i % 2 == 0 ? "before " : null))];
            Assert.All(all.Zip(scorer.Score(all, All)), pair => AssertSame(scorer.Score(pair.First, All), pair.Second));
        }, iter: 20, threads: 1);
    }

    [Fact]
    public void MustBeInTheModel()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);

        Assert.Equal(MhcDetails.Tokens, scorer.Model.AvailableDetails);
        var e = Assert.Throws<InvalidOperationException>(() => scorer.Score("x", MhcDetails.Ranks | MhcDetails.HiddenLast | MhcDetails.IsGreedy));
        Assert.Equal($"{TestModels.Bytes} does not give Ranks, IsGreedy, HiddenLast. Export its checkpoint again with "
            + "`mhc export --ranks --hidden`, or do not ask for it.", e.Message);
    }

    private static void AssertSame(MhcScore expected, MhcScore actual)
    {
        Assert.Equal(expected.TokenLogProbs, actual.TokenLogProbs);
        Assert.Equal(expected.HiddenMean, actual.HiddenMean);
        Assert.Equal(expected.HiddenLast, actual.HiddenLast);
        Assert.Equal(expected.IsGreedy, actual.IsGreedy);
        Assert.Equal(expected.Tokens.Select(token => token with { Alternatives = [] }),
            actual.Tokens.Select(token => token with { Alternatives = [] }));
        Assert.Equal(expected.Tokens.SelectMany(token => token.Alternatives), actual.Tokens.SelectMany(token => token.Alternatives));
    }
}
