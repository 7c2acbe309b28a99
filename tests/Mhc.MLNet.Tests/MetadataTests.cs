using Mhc.MLNet.Scoring;
using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests;

public class Metadata
{
    private static readonly string[] Inputs = ["input_ids", "positions", "targets"];
    private static readonly string[] Outputs = ["logprobs"];

    public static Dictionary<string, string> Complete() => new()
    {
        ["mhc.format_version"] = "1",
        ["mhc.config"] = """{"vocab_size":256,"n_embd":20}""",
        ["mhc.context_length"] = "16",
        ["mhc.tokenizer"] = TestModels.ByteTokenizer(prefix: 10),
        ["mhc.prefix_token_id"] = "10",
        ["mhc.eos_token_id"] = "\"none\"",
        ["mhc.validation"] = "\"none\"",
        ["mhc.h_res"] = "\"none\"",
        ["mhc.h_matrices"] = "\"none\"",
        ["mhc.layout"] = "\"plain\"",
        ["mhc.precision"] = "\"float32\"",
        ["mhc.training"] = "\"none\"",
        ["mhc.weights_sha256"] = "\"ab\"",
        ["mhc.external_data"] = "\"none\"",
    };

    [Fact]
    public void SaysWhatTheModelIs()
    {
        MhcModelInfo info = Read(Complete()).Info;
        Assert.Equal(("byte", 256), (info.TokenizerType, info.VocabSize));
        Assert.Equal((16, 10, null), (info.ContextLength, info.PrefixTokenId, info.EosTokenId));
        Assert.Equal(("plain", "float32", "ab"), (info.Layout, info.Precision, info.WeightsSha256));
        Assert.Equal((null, null, null, null), (info.Validation, info.HRes, info.Training, info.ExternalData));
        Assert.Null(info.BitsPerByteQuantiles); // A file of 0.1 lacks the key.
    }

    [Theory]
    [InlineData("""{"unit":"line","count":7,"levels":[0,100],"values":[1,2,3]}""")]
    [InlineData("""{"unit":"line","count":7,"levels":[0,50],"values":[1,2]}""")]
    [InlineData("""{"unit":"line","count":7,"levels":[0,100],"values":[2,1]}""")]
    [InlineData("""{"unit":"line","count":7,"levels":[0,100],"values":[2,1e999]}""")]
    public void NamesQuantilesThatDoNotAscend(string quantiles)
    {
        Dictionary<string, string> metadata = Complete();
        metadata["mhc.bits_per_byte_quantiles"] = quantiles;
        Assert.Equal($"a.onnx: metadata `mhc.bits_per_byte_quantiles` is {quantiles}, expected an object with ascending `levels` "
            + "from 0 to 100 and as many ascending `values`. Export the checkpoint again with `mhc export`.", Error(metadata));
    }

    [Theory]
    [InlineData("mhc.config")]
    [InlineData("mhc.context_length")]
    [InlineData("mhc.tokenizer")]
    [InlineData("mhc.prefix_token_id")]
    [InlineData("mhc.eos_token_id")]
    [InlineData("mhc.validation")]
    [InlineData("mhc.h_res")]
    [InlineData("mhc.layout")]
    [InlineData("mhc.precision")]
    [InlineData("mhc.training")]
    [InlineData("mhc.weights_sha256")]
    public void NamesTheMissingKey(string key)
    {
        Dictionary<string, string> metadata = Complete();
        metadata.Remove(key);
        Assert.Equal($"a.onnx: metadata has no `{key}`. Export the checkpoint again with `mhc export`.", Error(metadata));
    }

    [Theory]
    [InlineData("mhc.context_length", "\"16\"", "an integer of at least 1")]
    [InlineData("mhc.context_length", "0", "an integer of at least 1")]
    [InlineData("mhc.context_length", "1.5", "an integer of at least 1")]
    [InlineData("mhc.context_length", "sixteen", "JSON")]
    [InlineData("mhc.prefix_token_id", "-1", "an integer of at least 0")]
    [InlineData("mhc.prefix_token_id", "256", "an id below the model's `vocab_size` 256")]
    [InlineData("mhc.eos_token_id", "null", "an integer of at least 0")]
    [InlineData("mhc.layout", "7", "a string")]
    [InlineData("mhc.config", "[]", "an object")]
    [InlineData("mhc.config", "{\"vocab_size\":1,\"vocab_size\":2}", "JSON")]
    [InlineData("mhc.config", "{\"vocab_size\":\"256\"}", "an object whose `vocab_size` is an integer of at least 1")]
    [InlineData("mhc.validation", "1", "an object")]
    public void NamesTheKeyWhatItFoundAndWhatItExpected(string key, string found, string expected)
    {
        Dictionary<string, string> metadata = Complete();
        metadata[key] = found;
        Assert.Equal(
            $"a.onnx: metadata `{key}` is {found}, expected {expected}. Export the checkpoint again with `mhc export`.", Error(metadata));
    }

    [Fact]
    public void NamesWhatAnObjectLacks()
    {
        Dictionary<string, string> metadata = Complete();
        metadata["mhc.h_res"] = """{"projection":"sinkhorn","max_row_error":0}""";
        Assert.Equal("""a.onnx: metadata `mhc.h_res` is {"projection":"sinkhorn","max_row_error":0}, expected an object """
            + "as docs/onnx-metadata.md describes it. Export the checkpoint again with `mhc export`.", Error(metadata));
    }

    [Fact]
    public void OfAnotherVersionSaysWhichOneIsRead()
    {
        Dictionary<string, string> metadata = Complete();
        metadata["mhc.format_version"] = "2";
        Assert.Equal("a.onnx: metadata `mhc.format_version` is 2, this release of Mhc.MLNet reads version 1. "
            + "Export the checkpoint again with `mhc export`.", Error(metadata));
    }

    [Fact]
    public void WithATokenizerThatIsTooLargeForTheModelIsRefused()
    {
        Dictionary<string, string> metadata = Complete();
        metadata["mhc.config"] = """{"vocab_size":65}""";
        Assert.Equal("a.onnx: `mhc.tokenizer`: it has 256 ids, but the model's `vocab_size` is 65. "
            + "Export the checkpoint again with `mhc export`.", Error(metadata));
    }

    [Fact]
    public void MayHaveKeysOfOthers()
    {
        Dictionary<string, string> metadata = Complete();
        metadata["converted_by"] = "someone";
        Assert.NotNull(Read(metadata));
    }

    private static TextModel Read(Dictionary<string, string> metadata) =>
        TextModel.Read(metadata, Inputs, Outputs, ModelTask.Scoring, "a.onnx");

    private static string Error(Dictionary<string, string> metadata) => Assert.Throws<InvalidDataException>(() => Read(metadata)).Message;
}
