using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mhc.Training;

/// <summary>
/// What a folder of shards was made from and holds: its <c>manifest.json</c>, docs/data.md. While the preparation is not done it is called
/// <c>manifest.partial.json</c> and says where to go on.
/// </summary>
internal sealed record ShardManifest
{
    public const int FormatVersion = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
    };

    public required int Version { get; init; }

    public required TokenizerEntry Tokenizer { get; init; }

    /// <summary>start, end or none, or default: by the format of each file.</summary>
    public required string Separator { get; init; }

    public required string TextField { get; init; }

    public required int ShardTokens { get; init; }

    /// <summary>Null: a tenth, at most a million.</summary>
    public int? ValTokens { get; init; }

    public required SourceEntry[] Sources { get; init; }

    public required ShardEntry[] Shards { get; init; }

    /// <summary>Documents that begin in the shards.</summary>
    public required long Documents { get; init; }

    /// <summary>Where the next shard begins; null when all is done.</summary>
    public Position? Next { get; init; }

    /// <param name="Sha256">Of <c>tokenizer.json</c>.</param>
    public sealed record TokenizerEntry(string Type, int VocabSize, string Sha256);

    public sealed record SourceEntry(string File, long Bytes, string Sha256);

    public sealed record ShardEntry(string File, int Tokens, string Sha256);

    /// <param name="Source">Index in <see cref="Sources"/>.</param>
    /// <param name="Piece">Documents or parts of documents of it before this one.</param>
    /// <param name="Token">Tokens of this piece before this one.</param>
    public readonly record struct Position(int Source, long Piece, int Token);

    public static string PathIn(string folder) => Path.Combine(folder, "manifest.json");

    public static string PartialPathIn(string folder) => Path.Combine(folder, "manifest.partial.json");

    public static ShardManifest Read(string path)
    {
        try
        {
            ShardManifest manifest = JsonSerializer.Deserialize<ShardManifest>(File.ReadAllBytes(path), Json)!;
            return manifest.Version == FormatVersion ? manifest
                : throw new InvalidDataException($"{path}: `version` is {manifest.Version}, this version of Mhc.Training reads "
                    + $"{FormatVersion}: use the Mhc.Training that wrote it.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: is no manifest as docs/data.md describes it. {e.Message}", e);
        }
    }

    public void Write(string path) =>
        AtomicWrite.File(path, temporary => File.WriteAllText(temporary, JsonSerializer.Serialize(this, Json) + "\n"));

    /// <summary>What differs in how two preparations were asked for.</summary>
    public IEnumerable<string> DifferencesFrom(ShardManifest other)
    {
        (string Key, object? Here, object? There)[] values =
        [
            ("tokenizer", Tokenizer, other.Tokenizer), ("separator", Separator, other.Separator),
            ("text_field", TextField, other.TextField), ("shard_tokens", ShardTokens, other.ShardTokens),
            ("val_tokens", ValTokens?.ToString() ?? "default", other.ValTokens?.ToString() ?? "default"),
        ];
        foreach ((string key, object? here, object? there) in values.Where(value => !Equals(value.Here, value.There)))
            yield return $"`{key}` was {there}, now {here}";
        if (!Sources.SequenceEqual(other.Sources))
            yield return "the files are others";
    }

    public static string Sha256(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
