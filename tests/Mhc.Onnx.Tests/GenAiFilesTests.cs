using System.Text.Json;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>What is written beside a decoder for onnxruntime-genai.</summary>
public class GenAiFilesTests
{
    private const string Bytes = """{ "version": 1, "type": "byte", "prefix_token_id": 10, "eos_token_id": null }""";

    private static readonly OnnxExportOptions Options = new() { Outputs = OnnxOutputs.Decoder, GenAiFiles = true };

    [Fact]
    public void ConfigSaysWhatTheModelIs()
    {
        using TemporaryFolder checkpoint = Checkpoint(vocabSize: 300, Bytes);
        using TemporaryFolder folder = Fixtures.Temporary();

        OnnxExporter.Export(checkpoint.Path, folder["decoder.onnx"], Options);

        Assert.Equal(["decoder.onnx", "genai_config.json", "tokenizer.json", "tokenizer_config.json"],
            Directory.EnumerateFiles(folder.Path).Select(file => Path.GetFileName(file)).Order());
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(folder["genai_config.json"]));
        JsonElement model = config.RootElement.GetProperty("model"), decoder = model.GetProperty("decoder");
        Assert.Equal((300, 11, 10, 255, 256), (Int(model, "vocab_size"), Int(model, "context_length"), Int(model, "bos_token_id"),
            Int(model, "eos_token_id"), Int(model, "pad_token_id")));
        Assert.Equal((20, 5, 4, 4, 2), (Int(decoder, "hidden_size"), Int(decoder, "head_size"), Int(decoder, "num_attention_heads"),
            Int(decoder, "num_key_value_heads"), Int(decoder, "num_hidden_layers")));
        Assert.Equal(("decoder", "decoder.onnx"), (model.GetProperty("type").GetString(), decoder.GetProperty("filename").GetString()));
    }

    /// <summary>With the number of a block for %d, the configuration names every input and output of the graph and no other.</summary>
    [Fact]
    public void ConfigNamesTheGraphsInputsAndOutputs()
    {
        using TemporaryFolder checkpoint = Checkpoint(vocabSize: 256, Bytes);
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(checkpoint.Path, folder["decoder.onnx"], Options);
        OnnxModelSummary graph = OnnxModelSummary.Read(folder["decoder.onnx"]);
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(folder["genai_config.json"]));
        JsonElement decoder = config.RootElement.GetProperty("model").GetProperty("decoder");

        Assert.Equal(Names(graph.Inputs).Where(name => name != "num_logits_to_keep").Order(), Named("inputs").Order());
        Assert.Equal(Names(graph.Outputs).Order(), Named("outputs").Order());

        IEnumerable<string> Named(string side) => decoder.GetProperty(side).EnumerateObject()
            .Select(entry => entry.Value.GetString()!)
            .SelectMany(name => name.Contains("%d") ? [name.Replace("%d", "0"), name.Replace("%d", "1")] : new[] { name });

        static IEnumerable<string> Names(IEnumerable<string> values) => values.Select(value => value.Split(' ')[0]);
    }

    [Fact]
    public void TokenizerIsHuggingFacesOfTheSameTokens()
    {
        string[] vocabulary = [.. Enumerable.Range('a', 26).Select(c => ((char)c).ToString()), "ab", "<|endoftext|>"];
        using TemporaryFolder checkpoint = Checkpoint(vocabulary.Length, JsonSerializer.Serialize(
            new { version = 1, type = "gpt2", vocabulary, merges = new[] { "a b" }, prefix_token_id = 27, eos_token_id = 27 }));
        using TemporaryFolder folder = Fixtures.Temporary();

        OnnxExporter.Export(checkpoint.Path, folder["decoder.onnx"], Options);

        using JsonDocument tokenizer = JsonDocument.Parse(File.ReadAllBytes(folder["tokenizer.json"]));
        JsonElement model = tokenizer.RootElement.GetProperty("model");
        Assert.Equal(vocabulary.Index().Select(token => (token.Item, token.Index)),
            model.GetProperty("vocab").EnumerateObject().Select(token => (token.Name, token.Value.GetInt32())));
        Assert.Equal(["a b"], model.GetProperty("merges").EnumerateArray().Select(merge => merge.GetString()));
        JsonElement special = Assert.Single(tokenizer.RootElement.GetProperty("added_tokens").EnumerateArray());
        Assert.Equal((27, "<|endoftext|>"), (Int(special, "id"), special.GetProperty("content").GetString()));
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(folder["genai_config.json"]));
        Assert.Equal(27, Int(config.RootElement.GetProperty("model"), "pad_token_id"));
    }

    [Fact]
    public void CharacterTokenizersAreRefusedAndNothingIsWritten()
    {
        using TemporaryFolder checkpoint = Checkpoint(
            23, """{ "version": 1, "type": "char", "vocabulary": ["a"], "prefix_token_id": 0, "eos_token_id": null }""");
        using TemporaryFolder folder = Fixtures.Temporary();

        Assert.Equal($"{checkpoint["tokenizer.json"]}: the tokenizer is `char`, of which onnxruntime-genai has none; expected `byte` or "
            + "`gpt2`. Export without its files, or train with one of these.",
            Assert.Throws<NotSupportedException>(() => OnnxExporter.Export(checkpoint.Path, folder["m.onnx"], Options)).Message);
        Assert.Equal($"{Fixtures.Folder("mhc-tiny")}/tokenizer.json: there is no tokenizer, which onnxruntime-genai's files need; expected "
            + "one of the type `byte` or `gpt2`. Put it there, or export without these files.",
            Assert.Throws<NotSupportedException>(
                () => OnnxExporter.Export(Fixtures.Folder("mhc-tiny"), folder["m.onnx"], Options)).Message);
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public void TheyGoWithADecoderAloneAndNotIntoTheCheckpoint()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Assert.Equal("onnxruntime-genai's files go with the outputs Decoder; these are Scores.", Assert.Throws<ArgumentException>(
            () => OnnxExporter.Export(Fixtures.Folder("mhc-tiny"), folder["m.onnx"], new() { GenAiFiles = true })).Message);
        string inside = Path.Combine(Fixtures.Folder("mhc-tiny"), "m.onnx");
        Assert.Equal($"{inside}: onnxruntime-genai's tokenizer.json would replace the checkpoint's. Write elsewhere.",
            Assert.Throws<ArgumentException>(() => OnnxExporter.Export(Fixtures.Folder("mhc-tiny"), inside, Options)).Message);
    }

    private static TemporaryFolder Checkpoint(int vocabSize, string tokenizer)
    {
        TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny with { VocabSize = vocabSize });
        File.WriteAllText(folder["tokenizer.json"], tokenizer);
        return folder;
    }

    private static int Int(JsonElement json, string key) => json.GetProperty(key).GetInt32();
}
