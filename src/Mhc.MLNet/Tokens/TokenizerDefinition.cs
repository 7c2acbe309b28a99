using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Mhc.MLNet.Tokens;

/// <summary>The checkpoint's tokenizer.json, docs/checkpoint-format.md, as it travels in the metadata key <c>mhc.tokenizer</c>.</summary>
/// <param name="Merges">Pairs of tokens, a space between them, in the order in which they are merged; of gpt2 alone.</param>
internal sealed record TokenizerDefinition(string Type, IReadOnlyList<string> Vocabulary, IReadOnlyList<string> Merges)
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
        string[]? expected = name switch
        {
            "byte" => Keys,
            "char" => [.. Keys, "vocabulary"],
            "gpt2" => [.. Keys, "vocabulary", "merges"],
            _ => null,
        };
        if (expected is null)
            Throw.InvalidData_Tokenizer(source, $"`type` is {type.GetRawText()}, expected \"byte\", \"char\" or \"gpt2\".");
        foreach (string key in expected)
            Require(json, key, source);
        foreach (JsonProperty property in json.EnumerateObject())
        {
            if (!expected.Contains(property.Name))
                Throw.InvalidData_Tokenizer(
                    source, $"unknown key `{property.Name}`, expected {string.Join(", ", expected.Select(k => $"`{k}`"))}.");
        }
        return name switch
        {
            "byte" => new(name, ByteSymbols, []),
            "char" => new(name, ReadCharacters(json.GetProperty("vocabulary"), source), []),
            _ => ReadBytePairs(json, source),
        };
    }

    /// <summary>GPT-2's printable stand-ins for the 256 byte values, in order: what the library's byte-level tokenizers look up.</summary>
    public static IReadOnlyList<string> ByteSymbols { get; } = [.. Symbols()];

    /// <summary>The byte that each of the <see cref="ByteSymbols"/> stands for.</summary>
    public static IReadOnlyDictionary<char, byte> ByteValues { get; } =
        ByteSymbols.Index().ToDictionary(symbol => symbol.Item[0], symbol => (byte)symbol.Index);

    private static TokenizerDefinition ReadBytePairs(JsonElement json, string source)
    {
        List<string> vocabulary = ReadTexts(json, "vocabulary", source), merges = ReadTexts(json, "merges", source);
        HashSet<string> tokens = [.. vocabulary], seen = [];
        if (vocabulary.Find(token => token.Length == 0 || !seen.Add(token)) is { } wrong)
            Throw.InvalidData_Tokenizer(source, $"`vocabulary` has {JsonSerializer.Serialize(wrong)} twice or empty.");
        if (ByteSymbols.Index().FirstOrDefault(symbol => !tokens.Contains(symbol.Item)) is (int value, string missing))
            Throw.InvalidData_Tokenizer(source, $"`vocabulary` lacks \"{missing}\", which stands for byte {value}.");
        if (vocabulary.Find(token => token.Any(symbol => !ByteValues.ContainsKey(symbol))) is { } foreign)
        {
            Throw.InvalidData_Tokenizer(
                source, $"`vocabulary` has {JsonSerializer.Serialize(foreign)}, which is not made of GPT-2's symbols for bytes.");
        }
        if (merges.Find(merge => merge.Split(' ') is not [string left, string right]
            || !tokens.Contains(left) || !tokens.Contains(right) || !tokens.Contains(left + right)) is { } unknown)
        {
            Throw.InvalidData_Tokenizer(
                source, $"`merges` has {JsonSerializer.Serialize(unknown)}, expected two tokens whose join is a token.");
        }
        return new("gpt2", vocabulary, merges);
    }

    private static List<string> ReadTexts(JsonElement json, string key, string source)
    {
        JsonElement array = json.GetProperty(key);
        if (array.ValueKind != JsonValueKind.Array || array.EnumerateArray().Any(entry => !TryGetText(entry, out _)))
            Throw.InvalidData_Tokenizer(source, $"`{key}` is not an array of strings.");
        return [.. array.EnumerateArray().Select(entry => entry.GetString()!)];
    }

    private static List<string> ReadCharacters(JsonElement json, string source)
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

    private static bool IsScalarValue(JsonElement json, [NotNullWhen(true)] out string? text) =>
        TryGetText(json, out text) && Rune.TryGetRuneAt(text, 0, out Rune rune) && rune.Utf16SequenceLength == text.Length;

    private static bool TryGetText(JsonElement json, [NotNullWhen(true)] out string? text)
    {
        text = null;
        try
        {
            text = json.ValueKind == JsonValueKind.String ? json.GetString() : null;
        }
        catch (InvalidOperationException) // an escaped lone surrogate
        {
        }
        return text is not null;
    }

    private static JsonElement Require(JsonElement json, string key, string source)
    {
        if (!json.TryGetProperty(key, out JsonElement value))
            Throw.InvalidData_Tokenizer(source, $"missing key `{key}`.");
        return value;
    }

    private static IEnumerable<string> Symbols()
    {
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            yield return ((char)(printable ? value : next++)).ToString();
        }
    }
}
