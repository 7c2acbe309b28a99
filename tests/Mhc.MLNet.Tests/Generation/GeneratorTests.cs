using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests.Generation;

public class GeneratedText
{
    private static readonly MhcGenerationOptions Free = new() { Temperature = 1, MaxTokens = 40 };

    [Fact]
    public void IsTheSameForTheSameSeedAndAnotherForAnother()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        string text = generator.Generate("a", Free).Text;

        Assert.Equal(40, text.EnumerateRunes().Count());
        Assert.Equal(text, generator.Generate("a", Free).Text);
        Assert.NotEqual(text, generator.Generate("a", Free with { Seed = 1 }).Text);
        IReadOnlyList<MhcGeneratedText> samples = generator.GenerateBatch(["a", "a"], Free);
        Assert.Equal(text, samples[0].Text);
        Assert.NotEqual(text, samples[1].Text);
    }

    /// <summary>Padding and neighbours change nothing, greedily: each text is what it is alone.</summary>
    [Fact]
    public void IsTheSameInABatchOfPromptsOfAnyLength()
    {
        using var generator = new MhcGenerator(TestModels.LongDecoder);
        var greedy = new MhcGenerationOptions { Temperature = 0, MaxTokens = 30 };
        string[] prompts = ["a", "the quick brown fox jumps over the lazy dog", "xyz", new('w', 100)];

        Assert.Equal(prompts.Select(prompt => generator.Generate(prompt, greedy)), generator.GenerateBatch(prompts, greedy));
    }

    [Fact]
    public void WithoutAPromptFollowsThePrefix()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        Assert.Equal(generator.Generate("\n", Free), generator.Generate("", Free));
    }

    [Fact]
    public void EndsBeforeTheStopText()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        string whole = generator.Generate("a", Free).Text;
        string[] stops = [whole[20..23], "nowhere in it"];

        MhcGeneratedText text = generator.Generate("a", Free with { StopTexts = stops });

        string before = whole[..whole.IndexOf(stops[0], StringComparison.Ordinal)];
        Assert.Equal(new MhcGeneratedText { Text = before, StopReason = MhcStopReason.StopText }, text);
    }

    [Fact]
    public void EndsWithItsDocument()
    {
        using var generator = new MhcGenerator(TestModels.LongDecoder);
        var reasons = Enumerable.Range(0, 40).Select(seed => generator.Generate("a", Free with { Seed = seed, MaxTokens = 100 })).ToList();

        // One token of 256 ends a document, and what the model has learnt is noise.
        Assert.Contains(reasons, text => text.StopReason == MhcStopReason.EndOfText && !text.Text.Contains('\n'));
        Assert.Contains(reasons, text => text.StopReason == MhcStopReason.MaxTokens);
    }

    /// <summary>Sixteen tokens are the model's context; the seventeenth is drawn after them, and no other.</summary>
    [Theory, InlineData("a", 16), InlineData("abcdefghijklmnop", 1), InlineData("abcdefgh", 9)]
    public void EndsWhereTheContextIsFull(string prompt, int tokens)
    {
        using var generator = new MhcGenerator(TestModels.BytesDecoder);
        var greedy = new MhcGenerationOptions { Temperature = 0 };

        MhcGeneratedText text = generator.Generate(prompt, greedy);

        Assert.Equal(MhcStopReason.ContextFull, text.StopReason);
        Assert.Equal(text.Text, generator.Generate(prompt, greedy with { MaxTokens = tokens }).Text);
        Assert.Equal(MhcStopReason.ContextFull, generator.Generate(prompt, greedy with { MaxTokens = tokens + 1 }).StopReason);
        Assert.Equal(MhcStopReason.MaxTokens, generator.Generate(prompt, greedy with { MaxTokens = tokens }).StopReason);
    }

    [Fact]
    public void RepeatsItselfLessUnderAPenalty()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        var greedy = new MhcGenerationOptions { Temperature = 0, MaxTokens = 20 };

        Assert.InRange(Different(generator.Generate("a", greedy).Text), 1, 19);
        Assert.Equal(20, Different(generator.Generate("a", greedy with { RepetitionPenalty = 1000 }).Text));

        static int Different(string text) => text.EnumerateRunes().Distinct().Count();
    }

    /// <summary>The model has 256 ids, its tokenizer 30: the others stand for no text and are never drawn.</summary>
    [Fact]
    public void IsMadeOfTheTokenizersVocabulary()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        string text = generator.Generate("a", Free with { Temperature = 100 }).Text;
        Assert.All(text.EnumerateRunes(), rune => Assert.Contains(rune.ToString(), TestModels.Vocabulary));
    }

    [Fact]
    public void HasTheSameBitsFromManyThreads()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        string[] alone = [.. Enumerable.Range(0, 16).Select(seed => generator.Generate("a", Free with { Seed = seed }).Text)];
        string[] together = new string[alone.Length];
        Parallel.For(0, alone.Length, seed => together[seed] = generator.Generate("a", Free with { Seed = seed }).Text);
        Assert.Equal(alone, together);
    }

    [Fact]
    public void CountsWhatThePromptHasAndTheVocabularyLacks()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        Assert.Equal(2, generator.CountUnknown("aX😀☃"));
        Assert.Equal(generator.Generate("ab", Free), generator.Generate("aXb☃", Free));
    }
}
