using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Mhc.MLNet.Tokens;

/// <summary>The checkpoint's tokenizer.json, docs/checkpoint-format.md, as it travels in the metadata key <c>mhc.tokenizer</c>.</summary>
internal sealed record TokenizerDefinition(string Type, IReadOnlyList<string> Vocabulary)
{
    private const int SupportedVersion = 1;
    private static readonly string[] Keys = ["version", "type", "prefix_token_id", "eos_token_id"];

    public static TokenizerDefinition Read(JsonElement json, string source)
    {
        if (json.ValueKind != JsonValueKind.Object)
            Throw.InvalidData_Metadata(source, "mhc.tokenizer", json.GetRawText(), "an object");
        // The version first: a newer definition may rightly have other keys.
        JsonElement version = Require(json, "version", source);
        if (version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out int number) || number != SupportedVersion)
            Throw.InvalidData_Tokenizer(source, $"`version` is {version.GetRawText()}, this release reads version {SupportedVersion}.");
        JsonElement type = Require(json, "type", source);
        string name = type.ValueKind == JsonValueKind.String ? type.GetString()! : type.GetRawText();
        if (name is not ("byte" or "char"))
            Throw.InvalidData_Tokenizer(source, $"`type` is {type.GetRawText()}, expected \"byte\" or \"char\".");

        string[] expected = name == "char" ? [.. Keys, "vocabulary"] : Keys;
        foreach (string key in expected)
            Require(json, key, source);
        foreach (JsonProperty property in json.EnumerateObject())
        {
            if (!expected.Contains(property.Name))
                Throw.InvalidData_Tokenizer(
                    source, $"unknown key `{property.Name}`, expected {string.Join(", ", expected.Select(k => $"`{k}`"))}.");
        }
        return new TokenizerDefinition(name, name == "char" ? ReadVocabulary(json.GetProperty("vocabulary"), source) : []);
    }

    private static List<string> ReadVocabulary(JsonElement json, string source)
    {
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() == 0)
            Throw.InvalidData_Tokenizer(source, "`vocabulary` is not an array of at least one string.");
        var vocabulary = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonElement entry in json.EnumerateArray())
        {
            if (!IsScalarValue(entry, out string? text) || !seen.Add(text))
                Throw.InvalidData_Tokenizer(
                    source, $"`vocabulary[{vocabulary.Count}]` is {entry.GetRawText()}, expected one Unicode scalar value, each once.");
            vocabulary.Add(text);
        }
        return vocabulary;
    }

    private static bool IsScalarValue(JsonElement json, [NotNullWhen(true)] out string? text)
    {
        text = null;
        try
        {
            text = json.ValueKind == JsonValueKind.String ? json.GetString() : null;
        }
        catch (InvalidOperationException) // an escaped lone surrogate
        {
        }
        return text is not null && Rune.TryGetRuneAt(text, 0, out Rune rune) && rune.Utf16SequenceLength == text.Length;
    }

    private static JsonElement Require(JsonElement json, string key, string source)
    {
        if (!json.TryGetProperty(key, out JsonElement value))
            Throw.InvalidData_Tokenizer(source, $"missing key `{key}`.");
        return value;
    }
}
