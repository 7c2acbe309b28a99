using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mhc.Onnx;

/// <summary>What a checkpoint's optional files say, to be handed on; null where they say nothing. What is taken out of them is checked.</summary>
internal sealed record CheckpointNotes
{
    private const int TokenizerVersion = 1;

    public JsonObject? Tokenizer { get; private init; }

    public JsonNode? PrefixTokenId { get; private init; }

    public JsonNode? EosTokenId { get; private init; }

    public JsonNode? Validation { get; private init; }

    public JsonObject? Training { get; private init; }

    public static CheckpointNotes Read(Checkpoint checkpoint)
    {
        JsonObject? tokenizer = Object(checkpoint.Folder, "tokenizer.json");
        JsonObject? metrics = Object(checkpoint.Folder, "metrics.json");
        if (tokenizer is not null)
            CheckVersion(tokenizer);
        return new()
        {
            Tokenizer = tokenizer,
            PrefixTokenId = TokenId(tokenizer, "prefix_token_id", checkpoint.Config.VocabSize),
            EosTokenId = TokenId(tokenizer, "eos_token_id", checkpoint.Config.VocabSize),
            Validation = metrics is null ? null : Present(metrics, "validation"),
            Training = metrics is null ? null : new()
            {
                ["step"] = Present(metrics, "step")?.DeepClone(),
                ["val_loss"] = Present(metrics, "val_loss")?.DeepClone(),
                ["data_sha256"] = Present(metrics, "data_sha256")?.DeepClone(),
            },
        };
    }

    private static JsonObject? Object(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path))
            return null;
        using JsonDocument document = JsonText.Parse(File.ReadAllBytes(path), name);
        return JsonObject.Create(document.RootElement.Clone());
    }

    private static void CheckVersion(JsonObject tokenizer)
    {
        JsonNode? found = tokenizer["version"];
        if (found is not JsonValue value || !value.TryGetValue(out int version))
            throw new InvalidDataException($"tokenizer.json: `version` is {Text(found)}; expected {TokenizerVersion}.");
        if (version != TokenizerVersion)
            throw Throw.InvalidData_FormatVersion("tokenizer.json", version, TokenizerVersion);
    }

    private static JsonValue? TokenId(JsonObject? tokenizer, string key, int vocabSize)
    {
        JsonNode? node = null;
        if (tokenizer is null || (tokenizer.TryGetPropertyValue(key, out node) && node is null))
            return null;
        return node is JsonValue value && value.TryGetValue(out int id) && id >= 0 && id < vocabSize
            ? value
            : throw new InvalidDataException($"tokenizer.json: `{key}` is {Text(node)}; expected null or a token id below {vocabSize}.");
    }

    private static string Text(JsonNode? node) => node?.ToJsonString() ?? "missing";

    private static JsonNode? Present(JsonObject metrics, string key) =>
        metrics.TryGetPropertyValue(key, out JsonNode? node)
        ? node
        : throw new InvalidDataException($"metrics.json: `{key}` is missing; expected a value or null.");
}
