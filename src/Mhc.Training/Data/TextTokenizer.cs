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
    /// <summary>GPT-2's byte-pair encoding, 50,257 ids. Every text has ids.</summary>
    Gpt2,
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
    private readonly string[] _vocabulary, _merges;
    private readonly BpeTokenizer _tokenizer;

    private TextTokenizer(TokenizerKind kind, string[] vocabulary, string[] merges, int? prefixTokenId, int? eosTokenId)
    {
        (Kind, _vocabulary, _merges, PrefixTokenId, EosTokenId) = (kind, vocabulary, merges, prefixTokenId, eosTokenId);
        // Byte-pair encoding without merges is a tokenizer of single characters, or of single bytes in their byte-level form.
        _tokenizer = BpeTokenizer.Create(new BpeOptions(vocabulary.Select((piece, id) => KeyValuePair.Create(piece, id)))
        {
            Merges = merges,
            ByteLevel = kind != TokenizerKind.Char,
            PreTokenizer = new RegexPreTokenizer(kind == TokenizerKind.Gpt2 ? Gpt2Words() : WholeText(), null), // The default one drops white space.
        });
    }

    /// <summary>Byte, char or gpt2.</summary>
    public TokenizerKind Kind { get; }

    /// <summary>How many ids there are: 0 to this, exclusive.</summary>
    public int VocabSize => _vocabulary.Length;

    /// <summary>The id put before a text so that its first token has something to follow, or null.</summary>
    public int? PrefixTokenId { get; }

    /// <summary>The id that ends a document, or null.</summary>
    public int? EosTokenId { get; }

    /// <summary>The tokenizer over UTF-8 bytes.</summary>
    public static TextTokenizer Byte() => new(TokenizerKind.Byte, Gpt2Files.ByteSymbols, [], '\n', null);

    /// <summary>The tokenizer over the scalar values of a text, ids in their order.</summary>
    public static TextTokenizer Char(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Char(text.EnumerateRunes());
    }

    /// <summary>GPT-2's tokenizer; its <c>&lt;|endoftext|&gt;</c> is put before texts and ends documents.</summary>
    /// <param name="folder">Holds <c>vocab.json</c> and <c>merges.txt</c>. Default null: the user's cache, <c>mhc/gpt2</c> in the folder
    /// for local application data, where the two are downloaded to from huggingface.co the first time, and checked by their SHA-256.</param>
    /// <exception cref="FileNotFoundException">The folder lacks one of the files.</exception>
    /// <exception cref="IOException">They are not in the cache and cannot be downloaded; the message says where to put them.</exception>
    /// <exception cref="InvalidDataException">The files are no byte-level byte-pair encoding.</exception>
    public static TextTokenizer Gpt2(string? folder = null)
    {
        (string[] vocabulary, string[] merges) = Gpt2Files.Read(folder ?? Gpt2Files.Cached());
        int endOfText = Array.IndexOf(vocabulary, Gpt2Files.EndOfText);
        return new(TokenizerKind.Gpt2, vocabulary, merges, endOfText, endOfText);
    }

    internal static TextTokenizer Char(IEnumerable<Rune> text)
    {
        var runes = new SortedSet<Rune>(text) { new('\n') };
        string[] characters = [.. runes.Select(rune => rune.ToString())];
        return new(TokenizerKind.Char, characters, [], Array.IndexOf(characters, "\n"), null);
    }

    /// <summary>Reads a <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidDataException">Lists every unknown, missing and ill-typed key at once.</exception>
    public static TextTokenizer Read(string path)
    {
        StrictJson json = StrictJson.ReadFile(path);
        json.RequireVersion("version", FormatVersion);
        TokenizerKind kind = json.Choice("type", TokenizerKind.Byte, required: true);
        string[] vocabulary = kind == TokenizerKind.Byte ? Gpt2Files.ByteSymbols : json.Texts("vocabulary");
        string[] merges = kind == TokenizerKind.Gpt2 ? json.Texts("merges") : [];
        if (kind == TokenizerKind.Char)
            json.Problems(CharProblems(vocabulary));
        else if (kind == TokenizerKind.Gpt2)
            json.Problems(Gpt2Files.Problems(vocabulary, merges));
        int? prefix = json.IntOrNull("prefix_token_id", required: true), eos = json.IntOrNull("eos_token_id", required: true);
        foreach ((string key, int? id) in new[] { ("prefix_token_id", prefix), ("eos_token_id", eos) }
            .Where(id => id.Item2 < 0 || id.Item2 >= vocabulary.Length))
        {
            json.Problem($"`{key}` is {id}, expected null or an id from 0 to {vocabulary.Length - 1}.");
        }
        json.Finish(["version", "type", "vocabulary", "merges", "prefix_token_id", "eos_token_id"],
            mode: $"`type` \"{StrictJson.SnakeCase(kind)}\"");
        return new(kind, vocabulary, merges, prefix, eos);
    }

    /// <summary>The text of <c>tokenizer.json</c>.</summary>
    public string ToJson()
    {
        var definition = new Dictionary<string, object?> { ["version"] = FormatVersion, ["type"] = StrictJson.SnakeCase(Kind) };
        if (Kind != TokenizerKind.Byte)
            definition["vocabulary"] = _vocabulary;
        if (Kind == TokenizerKind.Gpt2)
            definition["merges"] = _merges;
        definition["prefix_token_id"] = PrefixTokenId;
        definition["eos_token_id"] = EosTokenId;
        return JsonSerializer.Serialize(definition, Readable) + "\n";
    }

    /// <summary>The ids of a text. Characters that a <see cref="TokenizerKind.Char"/> vocabulary lacks are left out.</summary>
    public IReadOnlyList<int> Encode(string text) => _tokenizer.EncodeToIds(text);

    /// <summary>How many characters of a text have no id.</summary>
    internal long CountUnknown(string text)
    {
        if (Kind != TokenizerKind.Char)
            return 0;
        var known = _vocabulary.Select(character => Rune.GetRuneAt(character, 0)).ToHashSet();
        return text.EnumerateRunes().LongCount(rune => !known.Contains(rune));
    }

    /// <summary>The text of ids; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Decode(IEnumerable<int> ids) => _tokenizer.Decode(ids) ?? "";

    /// <summary>How many bytes of UTF-8 the ids stand for, where they end within a character as elsewhere.</summary>
    internal int ByteCount(IEnumerable<int> ids) =>
        ids.Sum(id => Kind == TokenizerKind.Char ? Encoding.UTF8.GetByteCount(_vocabulary[id]) : _vocabulary[id].Length);

    private static IEnumerable<string> CharProblems(string[] vocabulary)
    {
        foreach (string character in vocabulary)
        {
            if (!Rune.TryGetRuneAt(character + " ", 0, out Rune rune) || rune.Utf16SequenceLength != character.Length)
                yield return $"`vocabulary` has {JsonSerializer.Serialize(character)}, expected one Unicode scalar value a string.";
        }
        if (vocabulary.Distinct().Count() != vocabulary.Length)
            yield return "`vocabulary` has a character twice.";
    }

    [GeneratedRegex(@"[\s\S]+")]
    private static partial Regex WholeText();

    // What GPT-2 merges within: contractions, words, numbers and symbols with the space before them, white space.
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Gpt2Words();
}
