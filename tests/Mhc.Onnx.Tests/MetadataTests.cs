using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>docs/onnx-metadata.md, key by key.</summary>
public class MetadataTests
{
    private const string Tokenizer = """{"version":1,"type":"byte","prefix_token_id":10,"eos_token_id":null}""";
    private const string Validation = """{"p50":2.1,"p95":3.5,"p99":4.25,"p99.9":6,"texts":1234}""";
    private const string Quantiles = """{"unit":"line","count":1234,"levels":[0,50,100],"values":[1,2.1,6.5]}""";

    private static readonly string[] Keys =
    [
        "mhc.format_version", "mhc.config", "mhc.context_length", "mhc.tokenizer", "mhc.prefix_token_id", "mhc.eos_token_id",
        "mhc.validation", "mhc.bits_per_byte_quantiles", "mhc.h_res", "mhc.h_matrices", "mhc.layout", "mhc.precision", "mhc.training",
        "mhc.weights_sha256", "mhc.external_data", "mhc.file_sha256",
    ];

    [Fact]
    public void EveryKeyIsThereAndIsJson()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        IReadOnlyDictionary<string, string> metadata = Export(folder, SyntheticCheckpoint.Tiny, Tokenizer,
            $$"""
            {"step":500,"train_loss":1.5,"val_loss":1.75,"data_sha256":"ab12","validation":{{Validation}},
             "bits_per_byte_quantiles":{{Quantiles}}}
            """);

        Assert.Equal(Keys, metadata.Keys);
        Assert.Equal("1", metadata["mhc.format_version"]);
        Assert.True(JsonNode.DeepEquals(SyntheticCheckpoint.Json(SyntheticCheckpoint.Tiny), JsonNode.Parse(metadata["mhc.config"])));
        Assert.Equal("11", metadata["mhc.context_length"]);
        Assert.Equal(Tokenizer, metadata["mhc.tokenizer"]);
        Assert.Equal("10", metadata["mhc.prefix_token_id"]);
        Assert.Equal("\"none\"", metadata["mhc.eos_token_id"]);
        Assert.Equal(Validation, metadata["mhc.validation"]);
        Assert.Equal(Quantiles, metadata["mhc.bits_per_byte_quantiles"]);
        Assert.Equal("\"unrolled\"", metadata["mhc.layout"]);
        Assert.Equal("\"float32\"", metadata["mhc.precision"]);
        Assert.Equal("""{"step":500,"val_loss":1.75,"data_sha256":"ab12"}""", metadata["mhc.training"]);
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder["model.safetensors"])));
        Assert.Equal($"\"{sha256}\"", metadata["mhc.weights_sha256"]);
        Assert.Equal("\"none\"", metadata["mhc.external_data"]);
    }

    [Fact]
    public void MatricesAreThoseOfEverySublayer()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        IReadOnlyDictionary<string, string> metadata = Export(folder, SyntheticCheckpoint.Tiny);
        IReadOnlyList<HMatrices> matrices = Checkpoint.Open(folder.Path).ProjectHMatrices();

        Assert.Equal($"[{string.Join(',', matrices.Select(Json))}]", metadata["mhc.h_matrices"]);
        string row = Number(matrices.Max(h => h.MaxRowError)), column = Number(matrices.Max(h => h.MaxColumnError));
        Assert.Equal($$"""{"projection":"sinkhorn","max_row_error":{{row}},"max_column_error":{{column}}}""",
            metadata["mhc.h_res"]);
        Assert.Equal(["transformer.h.0.hc_attn", "transformer.h.0.hc_mlp", "transformer.h.1.hc_attn", "transformer.h.1.hc_mlp"],
            matrices.Select(h => h.Sublayer));
    }

    [Fact]
    public void ProjectionIsCalledAsInTheConfiguration()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        IReadOnlyDictionary<string, string> metadata =
            Export(folder, SyntheticCheckpoint.Tiny with { HRes = HResProjection.Orthostochastic, IdentityMix = true });

        Assert.Equal("orthostochastic", (string?)JsonNode.Parse(metadata["mhc.h_res"])!["projection"]);
    }

    [Fact]
    public void WhatAPlainModelWithoutNotesLacksIsNone()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        IReadOnlyDictionary<string, string> metadata = Export(folder, SyntheticCheckpoint.Tiny with { Residual = ResidualMode.None });

        Assert.Equal(Keys, metadata.Keys);
        Assert.Equal(
            ["mhc.tokenizer", "mhc.prefix_token_id", "mhc.eos_token_id", "mhc.validation", "mhc.bits_per_byte_quantiles", "mhc.h_res",
                "mhc.h_matrices", "mhc.training", "mhc.external_data"],
            metadata.Where(entry => entry.Value == "\"none\"").Select(entry => entry.Key));
        Assert.Equal("\"plain\"", metadata["mhc.layout"]);
    }

    [Theory]
    [InlineData("""{"version":2}""", "the format version is 2; this version of Mhc.Onnx reads 1. Update Mhc.Onnx.")]
    [InlineData("""{"type":"byte"}""",
        "`version` is missing, expected an integer.",
        "`prefix_token_id` is missing, expected null or a token id below 23.",
        "`eos_token_id` is missing, expected null or a token id below 23.")]
    [InlineData("""{"version":1,"eos_token_id":null}""", "`prefix_token_id` is missing, expected null or a token id below 23.")]
    [InlineData("""{"version":1,"prefix_token_id":-1,"eos_token_id":23}""",
        "`prefix_token_id` is -1, expected null or a token id below 23.", "`eos_token_id` is 23, expected null or a token id below 23.")]
    [InlineData("""{"version":1,"prefix_token_id":1,"prefix_token_id":2,"eos_token_id":null}""", "`prefix_token_id` is there twice.")]
    [InlineData("[]", "found a JSON array, expected an object.")]
    public void TokenizerThatDoesNotFitIsRefused(string tokenizer, params string[] problems)
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        var e = Assert.Throws<InvalidDataException>(() => Export(folder, SyntheticCheckpoint.Tiny, tokenizer));

        Assert.Equal(string.Join(Environment.NewLine, problems.Select(problem => $"{folder["tokenizer.json"]}: {problem}")), e.Message);
        Assert.False(File.Exists(folder["model.onnx"]));
    }

    [Fact]
    public void MetricsMaySayThatThereIsNoValue()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        IReadOnlyDictionary<string, string> metadata = Export(folder, SyntheticCheckpoint.Tiny,
            metrics: """{"step":0,"val_loss":null,"data_sha256":"ab12","validation":null}""");

        Assert.Equal("""{"step":0,"val_loss":null,"data_sha256":"ab12"}""", metadata["mhc.training"]);
        Assert.Equal("\"none\"", metadata["mhc.validation"]);
        Assert.Equal("\"none\"", metadata["mhc.bits_per_byte_quantiles"]); // As in every checkpoint of 0.1.
    }

    [Theory]
    [InlineData("{}",
        "`step` is missing, expected an integer of at least 0.",
        "`val_loss` is missing, expected a number or null.",
        "`data_sha256` is missing, expected a string.",
        "`validation` is missing, expected an object or null.")]
    [InlineData("""{"step":1.5,"val_loss":"2","data_sha256":null,"validation":[]}""",
        "`step` is 1.5, expected an integer of at least 0.",
        "`val_loss` is \"2\", expected a number or null.",
        "`data_sha256` is null, expected a string.",
        "`validation` is [], expected an object or null.")]
    [InlineData("""{"step":1,"val_loss":2,"data_sha256":"ab","validation":{"p50":null,"p95":3,"p95":4,"p99":"5","texts":2.5}}""",
        "`validation.p95` is there twice.",
        "`validation.p50` is null, expected a number.",
        "`validation.p99` is \"5\", expected a number.",
        "`validation.p99.9` is missing, expected a number.",
        "`validation.texts` is 2.5, expected an integer of at least 0.")]
    [InlineData("""
        {"step":1,"val_loss":2,"data_sha256":"ab","validation":null,
         "bits_per_byte_quantiles":{"levels":[0,"1"],"values":[2,1]}}
        """,
        "`bits_per_byte_quantiles.unit` is missing, expected a string.",
        "`bits_per_byte_quantiles.count` is missing, expected an integer of at least 0.",
        "`bits_per_byte_quantiles.levels` is [0,\"1\"], expected an ascending array of numbers.",
        "`bits_per_byte_quantiles.values` is [2,1], expected an ascending array of numbers.")]
    [InlineData("""
        {"step":1,"val_loss":2,"data_sha256":"ab","validation":null,
         "bits_per_byte_quantiles":{"unit":"line","count":7,"levels":[0,100],"values":[1,2,3]}}
        """,
        "`bits_per_byte_quantiles.values` has 3 numbers for 2 levels.")]
    public void MetricsThatDoNotFitAreRefused(string metrics, params string[] problems)
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        var e = Assert.Throws<InvalidDataException>(() => Export(folder, SyntheticCheckpoint.Tiny, metrics: metrics));

        Assert.Equal(string.Join(Environment.NewLine, problems.Select(problem =>
            $"{folder["metrics.json"]}: {problem} Put back what `mhc train` wrote, or delete the file: it is optional.")), e.Message);
        Assert.False(File.Exists(folder["model.onnx"]));
    }

    private static IReadOnlyDictionary<string, string> Export(
        TemporaryFolder folder, MhcConfig config, string? tokenizer = null, string? metrics = null)
    {
        SyntheticCheckpoint.Write(folder.Path, config);
        if (tokenizer is not null)
            File.WriteAllText(folder["tokenizer.json"], tokenizer);
        if (metrics is not null)
            File.WriteAllText(folder["metrics.json"], metrics);
        OnnxExporter.Export(folder.Path, folder["model.onnx"]);
        return OnnxModelSummary.Read(folder["model.onnx"]).Metadata;
    }

    private static string Json(HMatrices h)
    {
        string hRes = string.Join(',', h.HRes.Select(Vector));
        return $$"""{"sublayer":"{{h.Sublayer}}","h_pre":{{Vector(h.HPre)}},"h_res":[{{hRes}}],"h_post":{{Vector(h.HPost)}}}""";
    }

    private static string Vector(IReadOnlyList<double> values) => $"[{string.Join(',', values.Select(Number))}]";

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
