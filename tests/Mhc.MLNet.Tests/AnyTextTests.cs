using System.Globalization;
using System.Text;
using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests;

/// <summary>Ten thousand random texts a model; as many as the environment variable MHC_FUZZ_TEXTS says, where it is set.</summary>
public class AnyTextWhatever
{
    private static readonly int Count =
        int.Parse(Environment.GetEnvironmentVariable("MHC_FUZZ_TEXTS") ?? "10000", CultureInfo.InvariantCulture);

    [Fact]
    public void HasAFiniteScoreByBytes() => AssertFinite(TestModels.SmallBytes, text => Encoding.UTF8.GetByteCount(text));

    [Fact]
    public void HasAFiniteScoreByCharacters() =>
        AssertFinite(TestModels.SmallCharacters, text => text.EnumerateRunes().Count(rune => TestModels.Vocabulary.Contains($"{rune}")));

    private static void AssertFinite(string model, Func<string, int> tokens)
    {
        using var scorer = new MhcScorer(model, new MhcScorerOptions { TokensPerBatch = 4096 });
        int scored = 0;
        foreach ((string text, MhcScore score) in AnyTextAtAll.Draw(Count, seed: 1).Zip(
            scorer.ScoreLazily(AnyTextAtAll.Draw(Count, seed: 1))))
        {
            Assert.Equal((tokens(text), Encoding.UTF8.GetByteCount(text)), (score.TokenCount, score.ByteCount));
            if (score.TokenCount > 0)
                Assert.True(double.IsFinite(score.LogLikelihood) && double.IsFinite(score.Perplexity) && double.IsFinite(score.BitsPerByte),
                    $"Text {scored}: {score}");
            else
                Assert.Equal((0, true, true), (score.LogLikelihood, double.IsNaN(score.Perplexity), double.IsNaN(score.BitsPerByte)));
            scored++;
        }
        Assert.Equal(Count, scored);
    }
}
