using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mhc.Onnx;

/// <summary>What a checkpoint's optional files say, to be handed on once it is checked; null where they say nothing.</summary>
internal sealed record CheckpointNotes
{
    private const int TokenizerVersion = 1;

    public JsonObject? Tokenizer { get; private init; }

    public int? PrefixTokenId { get; private init; }

    public int? EosTokenId { get; private init; }

    public JsonNode? Validation { get; private init; }

    public JsonNode? BitsPerByteQuantiles { get; private init; }

    public JsonObject? Training { get; private init; }

    public static CheckpointNotes Read(Checkpoint checkpoint) =>
        WithMetrics(WithTokenizer(new(), checkpoint), Path.Combine(checkpoint.Folder, "metrics.json"));

    private static CheckpointNotes WithTokenizer(CheckpointNotes notes, Checkpoint checkpoint)
    {
        string path = Path.Combine(checkpoint.Folder, "tokenizer.json");
        if (!File.Exists(path))
            return notes;
        using JsonDocument document = JsonText.Parse(File.ReadAllBytes(path), path);
        var json = new JsonFields(path, document.RootElement);
        int version = json.Integer("version", fallback: TokenizerVersion);
        if (version != TokenizerVersion)
            throw Throw.InvalidData_FormatVersion(path, version, TokenizerVersion);
        notes = notes with
        {
            Tokenizer = Copy(document.RootElement),
            PrefixTokenId = json.TokenIdOrNull("prefix_token_id", checkpoint.Config.VocabSize),
            EosTokenId = json.TokenIdOrNull("eos_token_id", checkpoint.Config.VocabSize),
        };
        json.ThrowIfAnyProblem();
        return notes;
    }

    private static CheckpointNotes WithMetrics(CheckpointNotes notes, string path)
    {
        if (!File.Exists(path))
            return notes;
        using JsonDocument document = JsonText.Parse(File.ReadAllBytes(path), path);
        CheckMetrics(new(path, document.RootElement, "Put back what `mhc train` wrote, or delete the file: it is optional."));
        JsonObject metrics = Copy(document.RootElement);
        return notes with
        {
            Validation = metrics["validation"]?.DeepClone(),
            BitsPerByteQuantiles = metrics["bits_per_byte_quantiles"]?.DeepClone(),
            Training = new()
            {
                ["step"] = metrics["step"]?.DeepClone(),
                ["val_loss"] = metrics["val_loss"]?.DeepClone(),
                ["data_sha256"] = metrics["data_sha256"]?.DeepClone(),
            },
        };
    }

    private static void CheckMetrics(JsonFields json)
    {
        json.Count("step");
        json.NumberOrNull("val_loss");
        json.Text("data_sha256");
        if (json.ObjectOrNull("validation") is { } validation)
        {
            foreach (string quantile in (string[])["p50", "p95", "p99", "p99.9"])
                validation.Number(quantile, fallback: 0);
            validation.Count("texts");
        }
        // Checkpoints of earlier versions lack it.
        if (json.Has("bits_per_byte_quantiles") && json.ObjectOrNull("bits_per_byte_quantiles") is { } quantiles)
        {
            quantiles.Text("unit");
            quantiles.Count("count");
            int levels = quantiles.Ascending("levels")?.Length ?? 0;
            if (quantiles.Ascending("values") is { } values && levels > 0 && values.Length != levels)
                quantiles.Problem($"`bits_per_byte_quantiles.values` has {values.Length} numbers for {levels} levels.");
        }
        json.ThrowIfAnyProblem();
    }

    private static JsonObject Copy(JsonElement json) => JsonObject.Create(json.Clone())!;
}
