using System.Security.Cryptography;
using System.Text;

namespace Mhc.Training;

/// <summary>Text as token ids, in a training and a validation part: from text files in memory, or from shards on the disk.</summary>
public sealed class TextDataset : IDisposable
{
    private readonly ShardFolder? _shards;
    private readonly Lazy<ValidationTexts> _validationTexts;

    private TextDataset(TextTokenizer tokenizer, string text, double valFraction, string source)
    {
        Tokenizer = tokenizer;
        Source = source;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        // The validation part is the end of the text, from a line's start on: its lines are whole texts.
        int split = (int)(text.Length * (1 - valFraction));
        int lineEnd = text.IndexOf('\n', split);
        split = lineEnd >= 0 && lineEnd + 1 < text.Length ? lineEnd + 1 : split;
        UnknownCharacters = tokenizer.CountUnknown(text);
        Train = new TokenArray([.. tokenizer.Encode(text[..split])]);
        Validation = new TokenArray([.. tokenizer.Encode(text[split..])]);
        _validationTexts = new(ValidationTexts.Lines([text[split..]]));
    }

    private TextDataset(ShardFolder shards, string source)
    {
        _shards = shards;
        (Tokenizer, Source, Sha256, Train, Validation) = (shards.Tokenizer, source, shards.Fingerprint, shards.Train, shards.Validation);
        _validationTexts = new(shards.ValidationTexts);
    }

    /// <summary>The tokenizer that made the ids.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>SHA-256 of the whole text's UTF-8, lower-case hexadecimal; of shards the fingerprint that docs/data.md describes.</summary>
    public string Sha256 { get; }

    /// <summary>How many characters of the text the tokenizer has no id for; the ids are those of the others.</summary>
    public long UnknownCharacters { get; }

    internal string Source { get; }

    internal TokenSequence Train { get; }

    internal TokenSequence Validation { get; }

    internal ValidationTexts ValidationTexts => _validationTexts.Value;

    /// <summary>
    /// Reads one UTF-8 text file, or every .txt file under a folder in the order of their names; or maps the shards of a folder that holds
    /// *train*.bin and *val*.bin, whose tokenizer is that of the folder's tokenizer.json, GPT-2's where there is none.
    /// </summary>
    /// <param name="path">A file or a folder.</param>
    /// <param name="kind">Which tokenizer; a char vocabulary is taken from the text. Ignored with shards.</param>
    /// <param name="valFraction">Which part of the text, from its end, is for validation. Ignored with shards.</param>
    /// <param name="tokenizerFolder">Where GPT-2's files lie, see <see cref="TextTokenizer.Gpt2"/>. Ignored with other tokenizers.</param>
    /// <param name="tokenizer">
    /// A tokenizer that is there already, such as a checkpoint's, instead of one of <paramref name="kind"/>. Characters that its vocabulary
    /// lacks are left out and counted. Shards take it where they have none of their own.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file, or neither .txt files nor shards in the folder.</exception>
    /// <exception cref="InvalidDataException">A file is empty or not UTF-8, or a shard is damaged.</exception>
    public static TextDataset FromFiles(
        string path, TokenizerKind kind = TokenizerKind.Byte, double valFraction = 0.1, string? tokenizerFolder = null,
        TextTokenizer? tokenizer = null)
    {
        if (ShardFolder.IsOne(path))
            return new(ShardFolder.Open(path, tokenizerFolder, tokenizer), path);
        string[] files = Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path, "*.txt", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
            : [path];
        if (files.Length == 0)
        {
            throw new FileNotFoundException(
                $"{path}: the folder holds no .txt file. Expected UTF-8 text files to train on, or shards that `mhc prepare` makes.");
        }
        return FromText(string.Concat(files.Select(ReadText)), kind, valFraction, path, tokenizerFolder, tokenizer);
    }

    /// <summary>Text that is in memory already, lines ending in a newline.</summary>
    /// <inheritdoc cref="FromFiles"/>
    public static TextDataset FromText(string text, TokenizerKind kind = TokenizerKind.Byte, double valFraction = 0.1) =>
        FromText(text, kind, valFraction, "text", tokenizerFolder: null, tokenizer: null);

    /// <summary>Closes the shards.</summary>
    public void Dispose() => _shards?.Dispose();

    private static TextDataset FromText(
        string text, TokenizerKind kind, double valFraction, string source, string? tokenizerFolder, TextTokenizer? tokenizer)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(valFraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(valFraction, 1);
        tokenizer ??= kind switch
        {
            TokenizerKind.Byte => TextTokenizer.Byte(),
            TokenizerKind.Gpt2 => TextTokenizer.Gpt2(tokenizerFolder),
            _ => TextTokenizer.Char(text),
        };
        return new(tokenizer, text, valFraction, source);
    }

    private static string ReadText(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: no such file or folder. Expected UTF-8 text to train on.", path);
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        int start = bytes.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        bytes = bytes[start..];
        if (bytes.IsEmpty)
            throw new InvalidDataException($"{path}: the file is empty. Expected UTF-8 text to train on.");
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return text.EndsWith('\n') ? text : text + "\n"; // So that the next file begins on a line of its own.
        }
        catch (DecoderFallbackException e)
        {
            throw Throw.InvalidData_NotUtf8(path, $"byte 0x{e.BytesUnknown![0]:X2} at offset {start + e.Index}", e);
        }
    }
}
