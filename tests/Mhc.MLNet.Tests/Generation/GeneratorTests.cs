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

        Assert.Equal(new MhcGeneratedText { Text = whole[..whole.IndexOf(stops[0], StringComparison.Ordinal)], StopReason = MhcStopReason.StopText }, text);
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

public class StreamedText
{
    private static readonly MhcGenerationOptions Free = new() { Temperature = 1, MaxTokens = 40 };

    [Fact]
    public async Task IsTheGeneratedText()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        string[] prompts = ["a", "hello world", ""];
        List<MhcGeneratedPiece> pieces = await generator.StreamAsync(prompts, Free, TestContext.Current.CancellationToken).ToListAsync();

        Assert.Equal(generator.GenerateBatch(prompts, Free), pieces.GroupBy(piece => piece.Prompt).OrderBy(text => text.Key).Select(text =>
            new MhcGeneratedText { Text = string.Concat(text.Select(piece => piece.Text)), StopReason = text.Last().StopReason!.Value }));
        Assert.Equal(3, pieces.Count(piece => piece.StopReason is not null));
        Assert.Equal(120, pieces.Count); // One for each token: all are whole characters.
    }

    [Fact]
    public async Task CanBeEnumeratedAgain()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        IAsyncEnumerable<MhcGeneratedPiece> stream = generator.StreamAsync(["a"], Free, TestContext.Current.CancellationToken);
        Assert.Equal(await stream.ToListAsync(), await stream.ToListAsync());
    }

    [Fact]
    public async Task EndsWhenItIsCancelled()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        using var cancellation = new CancellationTokenSource();
        int pieces = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (MhcGeneratedPiece _ in generator.StreamAsync(["a"], Free, cancellation.Token))
                if (++pieces == 3)
                    await cancellation.CancelAsync();
        });
        Assert.Equal(3, pieces);
        Assert.ThrowsAny<OperationCanceledException>(() => generator.Generate("a", Free, cancellation.Token));
        Assert.Equal(40, generator.Generate("a", Free, TestContext.Current.CancellationToken).Text.EnumerateRunes().Count());
    }

    [Fact]
    public async Task EndsWithTheGenerator()
    {
        var generator = new MhcGenerator(TestModels.CharactersDecoder);
        await using IAsyncEnumerator<MhcGeneratedPiece> pieces =
            generator.StreamAsync(["a"], Free, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await pieces.MoveNextAsync());
        generator.Dispose();
        generator.Dispose();
        Assert.Equal(typeof(MhcGenerator).FullName,
            (await Assert.ThrowsAsync<ObjectDisposedException>(async () => await pieces.MoveNextAsync())).ObjectName);
        Assert.Throws<ObjectDisposedException>(() => generator.Generate("a"));
    }
}

public class WhatCannotBeGenerated
{
    [Fact]
    public void IsTextOfAModelForScoring() => Assert.Equal($"{TestModels.Bytes} has inputs input_ids, positions, targets and outputs logprobs; "
        + "text generation needs input_ids, attention_mask, position_ids, past_key_values.0.key and logits. "
        + "Export the checkpoint again with `mhc export --outputs decoder`.",
        Assert.Throws<InvalidDataException>(() => new MhcGenerator(TestModels.Bytes)).Message);

    [Fact]
    public void IsTextOfAModelThatIsNotThere() => Assert.Equal("nowhere.onnx does not exist. Make it with `mhc export`, or correct the path.",
        Assert.Throws<FileNotFoundException>(() => new MhcGenerator("nowhere.onnx")).Message);

    [Fact]
    public void IsWhatFollowsAPromptBeyondTheContext()
    {
        using var generator = new MhcGenerator(TestModels.BytesDecoder);
        Assert.Equal("Prompt 1 has 17 tokens; the model sees 16. Shorten it.",
            Assert.Throws<ArgumentException>(() => generator.GenerateBatch(["a", "abcdefghijklmnopq"])).Message);
    }

    [Fact]
    public void IsWhatFollowsNothing()
    {
        using var generator = new MhcGenerator(TestModels.LongDecoder);
        Assert.Equal("The tokenizer has no prefix token to start from: give a prompt that it knows.",
            Assert.Throws<ArgumentException>(() => generator.Generate("")).Message);
        Assert.Equal("There are no prompts; expected at least one text. (Parameter 'prompts')",
            Assert.Throws<ArgumentException>(() => generator.StreamAsync([])).Message);
    }

    [Fact]
    public void IsTextWithOptionsOutOfRange()
    {
        using var generator = new MhcGenerator(TestModels.BytesDecoder);
        var options = new MhcGenerationOptions
        {
            MaxTokens = 0,
            Temperature = double.NaN,
            TopK = 0,
            TopP = 0,
            RepetitionPenalty = 0,
            StopTexts = [""],
            Seed = -1,
        };
        Assert.Equal(string.Join(Environment.NewLine,
            "`MaxTokens` is 0, expected at least 1.", "`Temperature` is NaN, expected a number of at least 0.",
            "`TopK` is 0, expected at least 1.", "`TopP` is 0, expected a number above 0 and at most 1.",
            "`RepetitionPenalty` is 0, expected a number above 0.", "`StopTexts` has an empty text or is null, expected texts.",
            "`Seed` is -1, expected at least 0."),
            Assert.Throws<ArgumentException>(() => generator.StreamAsync(["a"], options)).Message);
    }

    [Fact]
    public void DefaultsAreTheTrainers() => Assert.Equal((256, 0.8, null, 1.0, 1.0, 1337),
        (new MhcGenerationOptions().MaxTokens, new MhcGenerationOptions().Temperature, new MhcGenerationOptions().TopK,
            new MhcGenerationOptions().TopP, new MhcGenerationOptions().RepetitionPenalty, new MhcGenerationOptions().Seed));
}
