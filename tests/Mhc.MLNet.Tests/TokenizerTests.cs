using System.Text;
using System.Text.Json;
using CsCheck;
using Mhc.MLNet.Tests.Kit;
using Mhc.MLNet.Tokens;

namespace Mhc.MLNet.Tests;

public class ByteTokenizer
{
    private static readonly TextTokenizer Tokenizer = new(new TokenizerDefinition("byte", TokenizerDefinition.ByteSymbols, []));

    [Fact]
    public void GivesTheBytesOfAnyText() =>
        AnyText.OfLength(0, 40).Sample(
            text => Assert.Equal(AnyText.Bytes(text).Select(b => (int)b), Tokenizer.Encode(text)), iter: 1000);

    [Fact]
    public void GivesTheBytesOfAMegabyteInOnePass() =>
        Assert.Equal(1 << 20, Tokenizer.Encode(string.Concat(Enumerable.Repeat("0123456789abcdé", 1 << 16))).Count);

    [Fact]
    public void KnowsEveryCharacter() => Assert.Equal(0, Tokenizer.UnknownCount("\uDC00 ☃ \0", 3));
}

public class CharTokenizer
{
    private static readonly string[] Vocabulary = ["\n", "a", "😀", "\uFFFD", "é"];
    private static readonly TextTokenizer Tokenizer = new(new TokenizerDefinition("char", Vocabulary, []));

    [Fact]
    public void GivesTheIndexOfEachScalarValue() => Assert.Equal([1, 2, 1, 4, 0, 3], Tokenizer.Encode("a😀aé\n\uFFFD"));

    [Fact]
    public void LeavesOutAndCountsWhatItLacks()
    {
        const string text = "a☃b\uD83Dé\uDE00😁";
        Assert.Equal([1, 4], Tokenizer.Encode(text));
        Assert.Equal(5, Tokenizer.UnknownCount(text, 2));
    }

    [Fact]
    public void KnowsOrCountsEachScalarValueOfAnyText() => AnyText.OfLength(0, 40).Sample(text =>
    {
        var known = new List<int>();
        int unknown = 0;
        for (int i = 0; i < text.Length; i++)
        {
            int id = Rune.TryGetRuneAt(text, i, out Rune rune) ? Array.IndexOf(Vocabulary, rune.ToString()) : -1;
            i += Math.Max(0, rune.Utf16SequenceLength - 1);
            if (id >= 0)
                known.Add(id);
            else
                unknown++;
        }
        Assert.Equal(known, Tokenizer.Encode(text));
        Assert.Equal(unknown, Tokenizer.UnknownCount(text, known.Count));
    }, iter: 1000);
}

public class Gpt2Tokenizer
{
    private static readonly TextTokenizer Tokenizer = new(new TokenizerDefinition("gpt2",
        [.. TokenizerDefinition.ByteSymbols, "th", "the", "Ġthe", "ĊĊ"], ["t h", "th e", "Ġ the", "Ċ Ċ"]));

    [Fact]
    public void MergesWithinWords() => Assert.Equal([257, 258, 'n', 's', 259, '\n', 256], Tokenizer.Encode("the thens\n\n\nth"));

    [Fact]
    public void TokensStandForTheBytesOfTheirText() => AnyText.OfLength(0, 40).Sample(text =>
        Assert.Equal(AnyText.Bytes(text), Tokenizer.Encode(text).SelectMany(id => Tokenizer.BytesOf(id).ToArray())), iter: 500);

    [Fact]
    public void KnowsEveryText() => AnyText.OfLength(0, 40).Sample(text =>
    {
        IReadOnlyList<int> ids = Tokenizer.Encode(text);
        Assert.Equal(0, Tokenizer.UnknownCount(text, ids.Count));
        Assert.Equal(AnyText.Bytes(text).Length, ids.Sum(id => id < 256 ? 1 : ((int[])[2, 3, 4, 2])[id - 256]));
    }, iter: 500);
}

public class TokenizerDefinitionInMetadata
{
    [Theory]
    [InlineData("[]", "[]", "`vocabulary` lacks \"Ā\", which stands for byte 0.")]
    [InlineData("[\"a\", \"\"]", "[]", "`vocabulary` has \"\" twice or empty.")]
    [InlineData("[\"a\", \"a\"]", "[]", "`vocabulary` has \"a\" twice or empty.")]
    [InlineData("[1]", "[]", "`vocabulary` is not an array of strings.")]
    [InlineData("[BYTES, \"a b\"]", "[]", "`vocabulary` has \"a b\", which is not made of GPT-2's symbols for bytes.")]
    [InlineData("[BYTES]", "{}", "`merges` is not an array of strings.")]
    [InlineData("[BYTES]", "[\"a\"]", "`merges` has \"a\", expected two tokens whose join is a token.")]
    [InlineData("[BYTES]", "[\"a b\"]", "`merges` has \"a b\", expected two tokens whose join is a token.")]
    public void OfBytePairsIsReadStrictly(string vocabulary, string merges, string problem)
    {
        string bytes = JsonSerializer.Serialize(TokenizerDefinition.ByteSymbols)[1..^1];
        IsReadStrictly($$"""
            {"version":1,"type":"gpt2","prefix_token_id":null,"eos_token_id":null,
             "vocabulary":{{vocabulary.Replace("BYTES", bytes, StringComparison.Ordinal)}},"merges":{{merges}}}
            """, problem);
    }

    [Theory]
    [InlineData("""{"type":"byte","prefix_token_id":null,"eos_token_id":null}""", "missing key `version`.")]
    [InlineData("""{"version":2,"type":"byte","prefix_token_id":null,"eos_token_id":null}""",
        "`version` is 2, this release reads version 1.")]
    [InlineData("""{"version":1,"prefix_token_id":null,"eos_token_id":null}""", "missing key `type`.")]
    [InlineData("""{"version":1,"type":"bpe","prefix_token_id":null,"eos_token_id":null}""",
        "`type` is \"bpe\", expected \"byte\", \"char\" or \"gpt2\".")]
    [InlineData("""{"version":1,"type":"byte","eos_token_id":null}""", "missing key `prefix_token_id`.")]
    [InlineData("""{"version":1,"type":"byte","prefix_token_id":null,"eos_token_id":null,"lowercase":true}""",
        "unknown key `lowercase`, expected `version`, `type`, `prefix_token_id`, `eos_token_id`.")]
    [InlineData("""{"version":1,"type":"char","prefix_token_id":null,"eos_token_id":null}""", "missing key `vocabulary`.")]
    [InlineData("""{"version":1,"type":"char","prefix_token_id":null,"eos_token_id":null,"vocabulary":[]}""",
        "`vocabulary` is not an array of at least one string.")]
    [InlineData("""{"version":1,"type":"char","prefix_token_id":null,"eos_token_id":null,"vocabulary":["a","bc"]}""",
        "`vocabulary[1]` is \"bc\", expected one Unicode scalar value, each once.")]
    [InlineData("""{"version":1,"type":"char","prefix_token_id":null,"eos_token_id":null,"vocabulary":["a","a"]}""",
        "`vocabulary[1]` is \"a\", expected one Unicode scalar value, each once.")]
    [InlineData("""{"version":1,"type":"char","prefix_token_id":null,"eos_token_id":null,"vocabulary":["\uD800"]}""",
        """`vocabulary[0]` is "\uD800", expected one Unicode scalar value, each once.""")]
    public void IsReadStrictly(string json, string problem)
    {
        using var document = JsonDocument.Parse(json);
        var error = Assert.Throws<InvalidDataException>(() => TokenizerDefinition.Read(document.RootElement, "a.onnx"));
        Assert.Equal($"a.onnx: `mhc.tokenizer`: {problem} Export the checkpoint again with `mhc export`.", error.Message);
    }
}
