using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Mhc.Testing;

namespace Mhc.Training.Tests;

public sealed class Gpt2Tokenizer : IDisposable
{
    private readonly TemporaryFolder _folder = Fixtures.Temporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void MergesWithinWords()
    {
        TextTokenizer tokenizer = TextTokenizer.Gpt2(TinyGpt2.Write(_folder.Path));

        Assert.Equal((263, 262, 262), (tokenizer.VocabSize, tokenizer.PrefixTokenId, tokenizer.EosTokenId));
        Assert.Equal([257, 258, 'n', 259, 260, '\n', 'x'], tokenizer.Encode("the then a\n\n\nx")
            .Where(id => id != ' ' && id != 't' && id != 'h' && id != 'e'));
        Assert.Equal([.. "<|endoftext|>".Select(c => (int)c)], tokenizer.Encode("<|endoftext|>"));
    }

    [Fact]
    public void HasIdsForEveryTextAndTheTextOfItsIds()
    {
        TextTokenizer tokenizer = TextTokenizer.Gpt2(TinyGpt2.Write(_folder.Path));
        Gen.String[Gen.Char[" thea\n'séé日😀0!\u0085\u00a0"], 0, 60].Sample(text =>
        {
            if (!text.Any(char.IsSurrogate))
                Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
            Assert.Equal(Encoding.UTF8.GetByteCount(text), tokenizer.ByteCount(tokenizer.Encode(text)));
        }, iter: 300);
    }

    [Fact]
    public void IsRebuiltFromItsJson()
    {
        TextTokenizer tokenizer = TextTokenizer.Gpt2(TinyGpt2.Write(_folder["gpt2"]));
        File.WriteAllText(_folder["tokenizer.json"], tokenizer.ToJson());

        TextTokenizer rebuilt = TextTokenizer.Read(_folder["tokenizer.json"]);

        Assert.Equal(tokenizer.ToJson(), rebuilt.ToJson());
        Assert.Equal(tokenizer.Encode("the thé \n\n"), rebuilt.Encode("the thé \n\n"));
    }

    [Fact]
    public void WithFaultsIsRefusedWithAllOfThem()
    {
        JsonObject json = JsonNode.Parse(TextTokenizer.Gpt2(TinyGpt2.Write(_folder["gpt2"])).ToJson())!.AsObject();
        json["vocabulary"]![0] = "!";
        json["merges"]![1] = "th x";
        json["prefix_token_id"] = 263;
        File.WriteAllText(_folder["tokenizer.json"], json.ToJsonString());

        Assert.Equal(string.Join(Environment.NewLine,
            "tokenizer.json: `vocabulary` has \"!\" twice or empty.",
            "tokenizer.json: `vocabulary` lacks \"Ā\", which stands for byte 0.",
            "tokenizer.json: `merges` has \"th x\", expected two tokens whose join is a token.",
            "tokenizer.json: `prefix_token_id` is 263, expected null or an id from 0 to 262."),
            Assert.Throws<InvalidDataException>(() => TextTokenizer.Read(_folder["tokenizer.json"])).Message
                .Replace(_folder["tokenizer.json"], "tokenizer.json", StringComparison.Ordinal));
    }

    [Fact]
    public void NeedsBothFiles()
    {
        TinyGpt2.Write(_folder.Path);
        File.Delete(_folder["merges.txt"]);

        Assert.Equal($"{_folder["merges.txt"]}: no such file. Expected a folder with GPT-2's vocab.json and merges.txt.",
            Assert.Throws<FileNotFoundException>(() => TextTokenizer.Gpt2(_folder.Path)).Message);
    }

    [Theory]
    [InlineData("{ \"a\": 0, \"b\": 2 }", "vocab.json: the ids of its 2 tokens are not 0 to 1.")]
    [InlineData("{ \"a\": \"b\" }", "vocab.json: line 1 is not JSON of tokens and their ids. Expected GPT-2's vocab.json.")]
    public void NeedsAVocabularyOfIds(string json, string message)
    {
        TinyGpt2.Write(_folder.Path);
        File.WriteAllText(_folder["vocab.json"], json);

        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => TextTokenizer.Gpt2(_folder.Path)).Message
            .Replace(_folder["vocab.json"], "vocab.json", StringComparison.Ordinal));
    }

    [Fact]
    public void NeedsFilesThatBelongTogether()
    {
        TinyGpt2.Write(_folder.Path);
        File.AppendAllText(_folder["merges.txt"], "x y\n");

        Assert.Equal($"{_folder.Path}: `merges` has \"x y\", expected two tokens whose join is a token. "
            + "Expected the vocab.json and merges.txt of GPT-2, from the same place.",
            Assert.Throws<InvalidDataException>(() => TextTokenizer.Gpt2(_folder.Path)).Message);
    }
}
