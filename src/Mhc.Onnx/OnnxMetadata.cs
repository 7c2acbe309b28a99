using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Mhc.Onnx;

/// <summary>The <c>metadata_props</c> of an exported file, as docs/onnx-metadata.md lists them: every key, every value JSON.</summary>
internal static class OnnxMetadata
{
    public const string ProducerName = "Mhc.Onnx";

    private const int FormatVersion = 1;

    /// <summary>The package's version without the commit that the SDK appends to it.</summary>
    public static string ProducerVersion { get; } =
        typeof(OnnxMetadata).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static IEnumerable<(string Key, string Json)> Of(
        Checkpoint checkpoint, HMatrices[] matrices, string layout, OnnxPrecision precision)
    {
        CheckpointNotes notes = CheckpointNotes.Read(checkpoint);
        bool isStatic = matrices.Length > 0;
        yield return ("mhc.format_version", Json(FormatVersion));
        yield return ("mhc.config", Json(JsonNode.Parse(File.ReadAllBytes(checkpoint.ConfigPath))));
        yield return ("mhc.context_length", Json(checkpoint.Config.BlockSize));
        yield return ("mhc.tokenizer", Json(notes.Tokenizer));
        yield return ("mhc.prefix_token_id", Json(notes.PrefixTokenId));
        yield return ("mhc.eos_token_id", Json(notes.EosTokenId));
        yield return ("mhc.validation", Json(notes.Validation));
        yield return ("mhc.bits_per_byte_quantiles", Json(notes.BitsPerByteQuantiles));
        yield return ("mhc.h_res", Json(isStatic ? Projection(checkpoint.Config, matrices) : null));
        yield return ("mhc.h_matrices", Json(isStatic ? new JsonArray([.. matrices.Select(Matrices)]) : null));
        yield return ("mhc.layout", Json(layout));
        yield return ("mhc.precision", Json(JsonText.SnakeCase(precision)));
        yield return ("mhc.training", Json(notes.Training));
        yield return ("mhc.weights_sha256", Json(Sha256(checkpoint.WeightsPath)));
    }

    /// <summary>The name of the file beside the .onnx that holds its weights, or none.</summary>
    public static (string Key, string Json) ExternalData(string? fileName) => ("mhc.external_data", Json(fileName));

    /// <summary>What the bytes of the .onnx before this entry hash to.</summary>
    public static (string Key, string Json) FileSha256(byte[] hash) => ("mhc.file_sha256", Json(Convert.ToHexStringLower(hash)));

    private static JsonObject Projection(MhcConfig config, HMatrices[] matrices) => new()
    {
        ["projection"] = JsonText.SnakeCase(config.HRes),
        ["max_row_error"] = matrices.Max(h => h.MaxRowError),
        ["max_column_error"] = matrices.Max(h => h.MaxColumnError),
    };

    private static JsonObject Matrices(HMatrices h) => new()
    {
        ["sublayer"] = h.Sublayer,
        ["h_pre"] = Numbers(h.HPre),
        ["h_res"] = new JsonArray([.. h.HRes.Select(Numbers)]),
        ["h_post"] = Numbers(h.HPost),
    };

    private static JsonArray Numbers(IEnumerable<double> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private static string Json(JsonNode? value) => value?.ToJsonString() ?? "\"none\"";

    private static string Sha256(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
