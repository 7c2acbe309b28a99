using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Mhc.Training;

/// <summary>How text becomes token ids.</summary>
public enum TokenizerKind
{
    /// <summary>256 ids: the bytes of the text's UTF-8. Every text has ids.</summary>
    Byte,
    /// <summary>One id for each Unicode scalar value that the training text holds, and for the newline.</summary>
    Char,
}

/// <summary>A tokenizer that can be rebuilt from the JSON of a checkpoint's <c>tokenizer.json</c>. Thread-safe.</summary>
public sealed partial class TextTokenizer
{
    private const int FormatVersion = 1;
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
    private readonly string[]? _characters;
    private readonly BpeTokenizer _tokenizer;

    private TextTokenizer(string[]? characters, int? prefixTokenId, int? eosTokenId)
    {
        (_characters, PrefixTokenId, EosTokenId) = (characters, prefixTokenId, eosTokenId);
        // Byte-pair encoding without merges: the pieces stay single characters, or single bytes in their byte-level form.
        IEnumerable<string> vocabulary = characters ?? Enumerable.Range(0, 256).Select(ByteSymbol);
        _tokenizer = BpeTokenizer.Create(new BpeOptions(vocabulary.Select((piece, id) => KeyValuePair.Create(piece, id)))
        {
            ByteLevel = characters is null,
            PreTokenizer = new RegexPreTokenizer(WholeText(), null), // The default one would drop white space.
        });
        VocabSize = characters?.Length ?? 256;
    }

    /// <summary>Byte or char.</summary>
    public TokenizerKind Kind => _characters is null ? TokenizerKind.Byte : TokenizerKind.Char;

    /// <summary>How many ids there are: 0 to this, exclusive.</summary>
    public int VocabSize { get; }

    /// <summary>The id put before a text so that its first token has something to follow, or null.</summary>
    public int? PrefixTokenId { get; }

    /// <summary>The id that ends a document, or null.</summary>
    public int? EosTokenId { get; }

    /// <summary>The tokenizer over UTF-8 bytes.</summary>
    public static TextTokenizer Byte() => new(null, '\n', null);

    /// <summary>The tokenizer over the scalar values of a text, ids in their order.</summary>
    public static TextTokenizer Char(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var runes = new SortedSet<Rune>(text.EnumerateRunes()) { new('\n') };
        string[] characters = [.. runes.Select(rune => rune.ToString())];
        return new(characters, Array.IndexOf(characters, "\n"), null);
    }

    /// <summary>Reads a <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidDataException">Lists every unknown, missing and ill-typed key at once.</exception>
    public static TextTokenizer Read(string path)
    {
        StrictJson json = StrictJson.ReadFile(path);
        json.RequireVersion("version", FormatVersion);
        TokenizerKind kind = json.Choice("type", TokenizerKind.Byte, required: true);
        string[]? characters = kind == TokenizerKind.Char ? json.Texts("vocabulary") : null;
        foreach (string character in characters ?? [])
        {
            if (!Rune.TryGetRuneAt(character + " ", 0, out Rune rune) || rune.Utf16SequenceLength != character.Length)
                json.Problem($"`vocabulary` has {JsonSerializer.Serialize(character)}, expected one Unicode scalar value a string.");
        }
        if (characters is not null && characters.Distinct().Count() != characters.Length)
            json.Problem("`vocabulary` has a character twice.");
        int count = characters?.Length ?? 256;
        int? prefix = json.IntOrNull("prefix_token_id", required: true), eos = json.IntOrNull("eos_token_id", required: true);
        foreach ((string key, int? id) in new[] { ("prefix_token_id", prefix), ("eos_token_id", eos) }
            .Where(id => id.Item2 < 0 || id.Item2 >= count))
        {
            json.Problem($"`{key}` is {id}, expected null or an id from 0 to {count - 1}.");
        }
        json.Finish(["version", "type", "vocabulary", "prefix_token_id", "eos_token_id"], mode: "`type` \"byte\"");
        return new(characters, prefix, eos);
    }

    /// <summary>The text of <c>tokenizer.json</c>.</summary>
    public string ToJson()
    {
        var definition = new Dictionary<string, object?> { ["version"] = FormatVersion, ["type"] = StrictJson.SnakeCase(Kind) };
        if (_characters is not null)
            definition["vocabulary"] = _characters;
        definition["prefix_token_id"] = PrefixTokenId;
        definition["eos_token_id"] = EosTokenId;
        return JsonSerializer.Serialize(definition, Readable) + "\n";
    }

    /// <summary>The ids of a text. Characters that a <see cref="TokenizerKind.Char"/> vocabulary lacks are left out.</summary>
    public IReadOnlyList<int> Encode(string text) => _tokenizer.EncodeToIds(text);

    /// <summary>How many characters of a text have no id.</summary>
    internal long CountUnknown(string text)
    {
        if (_characters is null)
            return 0;
        var known = _characters.Select(character => Rune.GetRuneAt(character, 0)).ToHashSet();
        return text.EnumerateRunes().LongCount(rune => !known.Contains(rune));
    }

    /// <summary>The text of ids; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Decode(IEnumerable<int> ids) => _tokenizer.Decode(ids) ?? "";

    // GPT-2's table: printable bytes stand for themselves, the others for the code points from 256 on.
    private static string ByteSymbol(int value)
    {
        static bool IsPrintable(int b) => b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        return ((char)(IsPrintable(value) ? value : 256 + Enumerable.Range(0, value).Count(b => !IsPrintable(b)))).ToString();
    }

    [GeneratedRegex(@"[\s\S]+")]
    private static partial Regex WholeText();
}
