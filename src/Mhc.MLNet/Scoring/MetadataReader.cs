using System.Text.Json;

namespace Mhc.MLNet.Scoring;

/// <summary>Typed access to an .onnx file's metadata_props: every value is JSON, and what is absent is the string "none".</summary>
internal sealed class MetadataReader(IReadOnlyDictionary<string, string> properties, string source)
{
    private const int SupportedVersion = 1;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Before anything else is read: a file without the version is not ours, one with another may mean something else.</summary>
    public void CheckVersion()
    {
        if (!properties.TryGetValue("mhc.format_version", out string? found))
            throw new InvalidDataException(
                $"{source} is an ONNX model, but not one made by `mhc export`: its metadata has no `mhc.format_version`. "
                + "Make one with `mhc export`.");
        if (found != $"{SupportedVersion}")
            throw new InvalidDataException(
                $"{source}: metadata `mhc.format_version` is {found}, this release of Mhc.MLNet reads version {SupportedVersion}. "
                + Throw.ExportAgain);
    }

    /// <summary>Whether a key that came later is there.</summary>
    public bool Has(string key) => properties.ContainsKey(key);

    public int Integer(string key, int atLeast)
    {
        JsonElement value = Value(key);
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int number) || number < atLeast)
            return Wrong<int>(key, $"an integer of at least {atLeast}");
        return number;
    }

    public int? IntegerOrNone(string key) => IsNone(key) ? null : Integer(key, atLeast: 0);

    public string Text(string key)
    {
        JsonElement value = Value(key);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : Wrong<string>(key, "a string");
    }

    public string? TextOrNone(string key) => IsNone(key) ? null : Text(key);

    public JsonElement Object(string key)
    {
        JsonElement value = Value(key);
        return value.ValueKind == JsonValueKind.Object ? value : Wrong<JsonElement>(key, "an object");
    }

    /// <summary>Keys that the type does not have are passed over: an exporter may add one without raising the version.</summary>
    public T? ObjectOrNone<T>(string key) where T : class
    {
        if (IsNone(key))
            return null;
        try
        {
            return Object(key).Deserialize<T>();
        }
        catch (JsonException)
        {
            return Wrong<T>(key, "an object as docs/onnx-metadata.md describes it");
        }
    }

    public bool IsNone(string key) => Value(key) is { ValueKind: JsonValueKind.String } value && value.ValueEquals("none");

    private JsonElement Value(string key)
    {
        if (!properties.TryGetValue(key, out string? json))
            throw new InvalidDataException($"{source}: metadata has no `{key}`. {Throw.ExportAgain}");
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return Wrong<JsonElement>(key, "JSON");
        }
    }

    public T Wrong<T>(string key, string expected)
    {
        Throw.InvalidData_Metadata(source, key, properties[key], expected);
        return default;
    }
}
