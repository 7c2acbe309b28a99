using System.Text;
using System.Text.Json;
using CsCheck;
using Mhc.MLNet.Tests.Kit;
using Mhc.MLNet.Tokens;

namespace Mhc.MLNet.Tests;

public class ByteTokenizer
{
    private static readonly TextTokenizer Tokenizer = new(new TokenizerDefinition("byte", []));

    [Fact]
    public void GivesTheBytesOfAnyText() =>
        AnyText.OfLength(0, 40).Sample(
            text => Assert.Equal(AnyText.Bytes(text).Select(b => (int)b), Tokenizer.Encode(text).Ids), iter: 1000);

    [Fact]
    public void GivesTheBytesOfAMegabyteInOnePass() =>
        Assert.Equal(1 << 20, Tokenizer.Encode(string.Concat(Enumerable.Repeat("0123456789abcdé", 1 << 16))).Ids.Count);

    [Fact]
    public void KnowsEveryCharacter() => Assert.Equal(0, Tokenizer.Encode("\uDC00 ☃ \0").UnknownCount);
}

public class CharTokenizer
{
    private static readonly string[] Vocabulary = ["\n", "a", "😀", "\uFFFD", "é"];
    private static readonly TextTokenizer Tokenizer = new(new TokenizerDefinition("char", Vocabulary));

    [Fact]
    public void GivesTheIndexOfEachScalarValue() => Assert.Equal([1, 2, 1, 4, 0, 3], Tokenizer.Encode("a😀aé\n\uFFFD").Ids);

    [Fact]
    public void LeavesOutAndCountsWhatItLacks()
    {
        (IReadOnlyList<int> ids, int unknown) = Tokenizer.Encode("a☃b\uD83Dé\uDE00😁");
        Assert.Equal([1, 4], ids);
        Assert.Equal(5, unknown);
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
        (IReadOnlyList<int> ids, int count) = Tokenizer.Encode(text);
        Assert.Equal(known, ids);
        Assert.Equal(unknown, count);
    }, iter: 1000);
}

public class TokenizerDefinitionInMetadata
{
    [Theory]
    [InlineData("""{"type":"byte","prefix_token_id":null,"eos_token_id":null}""", "missing key `version`.")]
    [InlineData("""{"version":2,"type":"byte","prefix_token_id":null,"eos_token_id":null}""",
        "`version` is 2, this release reads version 1.")]
    [InlineData("""{"version":1,"prefix_token_id":null,"eos_token_id":null}""", "missing key `type`.")]
    [InlineData("""{"version":1,"type":"bpe","prefix_token_id":null,"eos_token_id":null}""",
        "`type` is \"bpe\", expected \"byte\" or \"char\".")]
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
