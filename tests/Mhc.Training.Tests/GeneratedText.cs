using System.Text;
using CsCheck;
using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>Text that a model continues.</summary>
public class GeneratedText
{
    private static readonly MhcConfig Tiny = new() { VocabSize = 256, BlockSize = 8, NLayer = 1, NHead = 2, NEmbd = 16, Streams = 2 };

    // Eight characters of one to four bytes, and the newline.
    private static readonly TextTokenizer Characters = TextTokenizer.Char("abcdé߀한😀");

    /// <summary>The chain of the likeliest tokens, each after the last block_size of those before it.</summary>
    [Fact]
    public void AtTemperature0IsTheChainOfTheLikeliest()
    {
        using TextGenerator generator = Make(Characters);
        using var model = new MhcModel(Tiny, 3, CPU);
        var ids = new List<int>(Characters.Encode("abba😀"));
        for (int i = 0; i < 20; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor tokens = tensor(ids.TakeLast(Tiny.BlockSize).Select(id => (long)id).ToArray()).unsqueeze(0);
            ids.Add((int)model.forward(tokens)[0, -1].narrow(0, 0, Characters.VocabSize).argmax().item<long>());
        }

        string chain = Characters.Decode(ids.Skip(5));
        Assert.Equal(chain, Text(generator, "abba😀", new() { Temperature = 0, MaxTokens = 20 }));
        Assert.Equal(chain, Text(generator, "abba😀", new() { TopK = 1, MaxTokens = 20 }));
    }

    [Fact]
    public void IsTheSameForTheSameSeedAndAnotherForAnother()
    {
        using TextGenerator generator = Make(Characters);
        var options = new GenerationOptions { MaxTokens = 40, Temperature = 1 };

        string text = Text(generator, "a", options);

        Assert.Equal(40, text.EnumerateRunes().Count());
        Assert.Equal(text, Text(generator, "a", options));
        Assert.NotEqual(text, Text(generator, "a", options with { Seed = 1 }));
        Assert.NotEqual(text, string.Concat(generator.Generate("a", options, sample: 1)));
    }

    [Fact]
    public void CanBeEnumeratedAgain()
    {
        using TextGenerator generator = Make(Characters);
        IEnumerable<string> pieces = generator.Generate("a", new() { MaxTokens = 20 });
        Assert.Equal(pieces.ToArray(), pieces.ToArray());
    }

    /// <summary>A prompt of any length: only its last tokens count, at the positions of a block's first.</summary>
    [Fact]
    public void DependsOnTheLastBlockOfTokensAlone()
    {
        using TextGenerator generator = Make(TextTokenizer.Byte());
        var options = new GenerationOptions { MaxTokens = 1, Temperature = 0 };
        Assert.Equal(Text(generator, "12345678", options), Text(generator, "abc12345678", options));
    }

    [Fact]
    public void WithoutAPromptFollowsThePrefix()
    {
        using TextGenerator generator = Make(Characters);
        var options = new GenerationOptions { MaxTokens = 20 };
        Assert.Equal(Text(generator, "\n", options), Text(generator, null, options));
        Assert.Equal(Text(generator, "\n", options), Text(generator, "", options));
    }

    [Fact]
    public void EndsBeforeTheStopText()
    {
        using TextGenerator generator = Make(Characters);
        var options = new GenerationOptions { MaxTokens = 60, Temperature = 1 };
        string whole = Text(generator, "a", options);
        string stop = whole[30..33];

        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], Text(generator, "a", options with { Stop = stop }));
        Assert.Equal(whole, Text(generator, "a", options with { Stop = "nowhere in it" }));
    }

    [Fact]
    public void WarnsOfCharactersThatTheVocabularyLacks()
    {
        using TextGenerator generator = Make(Characters);
        var warnings = new List<string>();
        var options = new GenerationOptions { MaxTokens = 5 };

        string text = string.Concat(generator.Generate("xaya😇b", options, onWarning: warnings.Add));

        Assert.Equal(Text(generator, "aab", options), text);
        Assert.Equal(["the prompt holds characters that the model's vocabulary lacks: x y 😇. They are left out."], warnings);
        Text(generator, "ab", options, warnings.Add);
        Assert.Single(warnings);
    }

    /// <summary>Whatever bytes come, in whatever cuts, the pieces are whole characters and together what the bytes are at once.</summary>
    [Fact]
    public void HasNoPartsOfCharacters() => Gen.Select(Gen.String, Gen.Byte.Array[0, 4], Gen.Int[1, 5]).Sample((text, noise, cut) =>
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(text), .. noise, .. "end"u8];
        string[] pieces = [.. TextPieces.Decode(bytes.Chunk(cut))];
        Assert.Equal(Encoding.UTF8.GetString(bytes), string.Concat(pieces));
        Assert.All(pieces, piece => Assert.True(piece.Length > 0 && !char.IsLowSurrogate(piece[0]) && !char.IsHighSurrogate(piece[^1])));
    });

    [Fact]
    public void LeavesAnUnfinishedCharacterOut() =>
        Assert.Equal(["a", "€"], TextPieces.Decode([[(byte)'a', 0xE2], [0x82, 0xAC], [0xF0, 0x9F], [0x98]]));

    [Fact]
    public void StopsWhereverThePiecesCutTheStopText() =>
        Gen.Select(Gen.Char["ab"].Array[0, 12], Gen.Char["ab"].Array[1, 4], Gen.Int[1, 5]).Sample((characters, ending, cut) =>
        {
            (string text, string stop) = (new(characters), new(ending));
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            IEnumerable<string> pieces = characters.Chunk(cut).Select(piece => new string(piece));
            Assert.Equal(at < 0 ? text : text[..at], string.Concat(TextPieces.Until(stop, pieces)));
        });

    /// <summary>Only what may be the beginning of the stop text is held back.</summary>
    [Fact]
    public void ComesAsSoonAsItCan() => Assert.Equal(["on", "e", "-t", "wo", "--"], TextPieces.Until("---", ["on", "e", "-", "t", "wo--"]));

    [Fact]
    public void TokensStandForTheBytesOfTheirText()
    {
        TextTokenizer bytes = TextTokenizer.Byte();
        Assert.Equal(Enumerable.Range(0, 256).Select(id => (byte)id), Enumerable.Range(0, 256).SelectMany(bytes.BytesOf));
        Assert.Equal("a한😀"u8.ToArray(), Characters.Encode("a한😀").SelectMany(Characters.BytesOf));
    }

    [Fact]
    public void LeavesNoTensorsBehind()
    {
        using TextGenerator generator = Make(Characters);
        Text(generator, "a", new() { MaxTokens = 3 });
        long before = Tensor.TotalCount;
        Text(generator, "a", new() { MaxTokens = 30 });
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void NeedsATokenizer()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using var model = new MhcModel(Tiny, 3, CPU);
        Checkpoint.Save(folder["c"], model, null, null);

        Assert.Equal($"{folder["c/tokenizer.json"]}: no such file, so there is no telling which text a token id is. An imported model "
            + "comes without: put the tokenizer.json of its training data there, as docs/checkpoint-format.md has it.",
            Assert.Throws<FileNotFoundException>(() => TextGenerator.Load(folder["c"])).Message);
    }

    [Fact]
    public void NeedsATokenizerOfTheModelsOwn()
    {
        using var model = new MhcModel(Tiny with { VocabSize = 8 }, 3, CPU);
        Assert.Equal("The tokenizer has 9 ids, but `vocab_size` is 8. Expected the tokenizer that the model was trained with.",
            Assert.Throws<InvalidDataException>(() => new TextGenerator(model, Characters)).Message);
    }

    [Fact]
    public void OptionsOutOfRangeAreAllNamed()
    {
        var options = new GenerationOptions { MaxTokens = 0, Temperature = double.NaN, TopK = 0, TopP = 0, Seed = -1, Stop = "" };
        Assert.Equal(string.Join(Environment.NewLine,
            "`max_tokens` is 0, expected at least 1.", "`temperature` is NaN, expected a number of at least 0.",
            "`top_k` is 0, expected at least 1.", "`top_p` is 0, expected a number above 0 and at most 1.",
            "`seed` is -1, expected at least 0.", "`stop` is empty, expected a text."),
            Assert.Throws<ArgumentException>(options.Validate).Message);
    }

    private static TextGenerator Make(TextTokenizer tokenizer) => new(new MhcModel(Tiny, 3, CPU), tokenizer);

    private static string Text(TextGenerator generator, string? prompt, GenerationOptions options, Action<string>? onWarning = null) =>
        string.Concat(generator.Generate(prompt, options, onWarning: onWarning));
}
