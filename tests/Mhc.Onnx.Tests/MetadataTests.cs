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

    private static readonly string[] Keys =
    [
        "mhc.format_version", "mhc.config", "mhc.context_length", "mhc.tokenizer", "mhc.prefix_token_id", "mhc.eos_token_id", "mhc.validation",
        "mhc.h_res", "mhc.h_matrices", "mhc.layout", "mhc.precision", "mhc.training", "mhc.weights_sha256",
    ];

    [Fact]
    public void EveryKeyIsThereAndIsJson()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        IReadOnlyDictionary<string, string> metadata = Export(folder, SyntheticCheckpoint.Tiny, Tokenizer,
            $$"""{"step":500,"train_loss":1.5,"val_loss":1.75,"data_sha256":"ab12","validation":{{Validation}}}""");

        Assert.Equal(Keys, metadata.Keys);
        Assert.Equal("1", metadata["mhc.format_version"]);
        Assert.True(JsonNode.DeepEquals(SyntheticCheckpoint.Json(SyntheticCheckpoint.Tiny), JsonNode.Parse(metadata["mhc.config"])));
        Assert.Equal("11", metadata["mhc.context_length"]);
        Assert.Equal(Tokenizer, metadata["mhc.tokenizer"]);
        Assert.Equal("10", metadata["mhc.prefix_token_id"]);
        Assert.Equal("\"none\"", metadata["mhc.eos_token_id"]);
        Assert.Equal(Validation, metadata["mhc.validation"]);
        Assert.Equal("\"unrolled\"", metadata["mhc.layout"]);
        Assert.Equal("\"float32\"", metadata["mhc.precision"]);
        Assert.Equal("""{"step":500,"val_loss":1.75,"data_sha256":"ab12"}""", metadata["mhc.training"]);
        Assert.Equal($"\"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder["model.safetensors"])))}\"", metadata["mhc.weights_sha256"]);
    }

    [Fact]
    public void MatricesAreThoseOfEverySublayer()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        IReadOnlyDictionary<string, string> metadata = Export(folder, SyntheticCheckpoint.Tiny);
        IReadOnlyList<HMatrices> matrices = Checkpoint.Open(folder.Path).ProjectHMatrices();

        Assert.Equal($"[{string.Join(',', matrices.Select(Json))}]", metadata["mhc.h_matrices"]);
        Assert.Equal($$"""{"projection":"sinkhorn","max_row_error":{{Number(matrices.Max(h => h.MaxRowError))}},"max_column_error":{{Number(matrices.Max(h => h.MaxColumnError))}}}""",
            metadata["mhc.h_res"]);
        Assert.Equal(["transformer.h.0.hc_attn", "transformer.h.0.hc_mlp", "transformer.h.1.hc_attn", "transformer.h.1.hc_mlp"],
            matrices.Select(h => h.Sublayer));
    }

    [Fact]
    public void WhatAPlainModelWithoutNotesLacksIsNone()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        IReadOnlyDictionary<string, string> metadata = Export(folder, SyntheticCheckpoint.Tiny with { Residual = ResidualMode.None });

        Assert.Equal(Keys, metadata.Keys);
        Assert.Equal(
            ["mhc.tokenizer", "mhc.prefix_token_id", "mhc.eos_token_id", "mhc.validation", "mhc.h_res", "mhc.h_matrices", "mhc.training"],
            metadata.Where(entry => entry.Value == "\"none\"").Select(entry => entry.Key));
        Assert.Equal("\"plain\"", metadata["mhc.layout"]);
    }

    [Theory]
    [InlineData("""{"version":2}""", "tokenizer.json: the format version is 2; this version of Mhc.Onnx reads 1. Update Mhc.Onnx.")]
    [InlineData("""{"type":"byte"}""", "tokenizer.json: `version` is missing; expected 1.")]
    [InlineData("""{"version":1,"eos_token_id":null}""", "tokenizer.json: `prefix_token_id` is missing; expected null or a token id below 23.")]
    [InlineData("""{"version":1,"prefix_token_id":1,"eos_token_id":23}""", "tokenizer.json: `eos_token_id` is 23; expected null or a token id below 23.")]
    [InlineData("[]", "tokenizer.json: found []; expected an object.")]
    public void TokenizerThatDoesNotFitIsRefused(string tokenizer, string message)
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        var e = Assert.Throws<InvalidDataException>(() => Export(folder, SyntheticCheckpoint.Tiny, tokenizer));

        Assert.Equal(message, e.Message);
    }

    [Fact]
    public void MetricsWithoutAKeyAreRefused()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        var e = Assert.Throws<InvalidDataException>(() =>
            Export(folder, SyntheticCheckpoint.Tiny, metrics: """{"step":1,"val_loss":null,"validation":null}"""));

        Assert.Equal("metrics.json: `data_sha256` is missing; expected a value or null.", e.Message);
    }

    private static IReadOnlyDictionary<string, string> Export(TemporaryFolder folder, MhcConfig config, string? tokenizer = null, string? metrics = null)
    {
        SyntheticCheckpoint.Write(folder.Path, config);
        if (tokenizer is not null)
            File.WriteAllText(folder["tokenizer.json"], tokenizer);
        if (metrics is not null)
            File.WriteAllText(folder["metrics.json"], metrics);
        OnnxExporter.Export(folder.Path, folder["model.onnx"]);
        return OnnxModelSummary.Read(folder["model.onnx"]).Metadata;
    }

    private static string Json(HMatrices h) =>
        $$"""{"sublayer":"{{h.Sublayer}}","h_pre":{{Vector(h.HPre)}},"h_res":[{{string.Join(',', h.HRes.Select(Vector))}}],"h_post":{{Vector(h.HPost)}}}""";

    private static string Vector(IReadOnlyList<double> values) => $"[{string.Join(',', values.Select(Number))}]";

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
