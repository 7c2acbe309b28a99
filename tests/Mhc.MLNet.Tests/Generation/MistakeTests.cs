using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests.Generation;

public class WhatCannotBeGenerated
{
    [Fact]
    public void IsTextOfAModelForScoring() => Assert.Equal(
        $"{TestModels.Bytes} has inputs input_ids, positions, targets and outputs logprobs; "
        + "text generation needs input_ids, attention_mask, position_ids, past_key_values.0.key and logits. Export the checkpoint again with `mhc export --outputs decoder`.",
        Assert.Throws<InvalidDataException>(() => new MhcGenerator(TestModels.Bytes)).Message);

    [Fact]
    public void IsTextOfAModelThatIsNotThere() => Assert.Equal(
        "nowhere.onnx does not exist. Make it with `mhc export`, or correct the path.",
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
