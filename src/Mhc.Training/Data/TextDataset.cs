using System.Security.Cryptography;
using System.Text;

namespace Mhc.Training;

/// <summary>Text files as token ids, split into a training and a validation part.</summary>
public sealed class TextDataset
{
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
        Train = [.. tokenizer.Encode(text[..split])];
        Validation = [.. tokenizer.Encode(text[split..])];
        ValidationLines = [.. text[split..].Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0)];
    }

    /// <summary>The tokenizer that made the ids.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>SHA-256 of the whole text's UTF-8, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>How many characters of the text the tokenizer has no id for; the ids are those of the others.</summary>
    public long UnknownCharacters { get; }

    internal string Source { get; }

    internal int[] Train { get; }

    internal int[] Validation { get; }

    internal string[] ValidationLines { get; }

    /// <summary>Reads one UTF-8 text file, or every .txt file under a folder in the order of their names.</summary>
    /// <param name="path">A file or a folder.</param>
    /// <param name="kind">Which tokenizer; a char vocabulary is taken from the text.</param>
    /// <param name="valFraction">Which part of the text, from its end, is for validation.</param>
    /// <param name="tokenizer">
    /// A tokenizer that is there already, such as a checkpoint's, instead of one of <paramref name="kind"/>. Characters that its vocabulary
    /// lacks are left out and counted.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file, or no .txt file in the folder.</exception>
    /// <exception cref="InvalidDataException">A file is empty or not UTF-8.</exception>
    public static TextDataset FromFiles(
        string path, TokenizerKind kind = TokenizerKind.Byte, double valFraction = 0.1, TextTokenizer? tokenizer = null)
    {
        string[] files = Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path, "*.txt", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
            : [path];
        if (files.Length == 0)
            throw new FileNotFoundException($"{path}: the folder holds no .txt file. Expected UTF-8 text files to train on.");
        return FromText(string.Concat(files.Select(ReadText)), kind, valFraction, path, tokenizer);
    }

    /// <summary>Text that is in memory already, lines ending in a newline.</summary>
    /// <inheritdoc cref="FromFiles"/>
    public static TextDataset FromText(string text, TokenizerKind kind = TokenizerKind.Byte, double valFraction = 0.1) =>
        FromText(text, kind, valFraction, "text");

    private static TextDataset FromText(
        string text, TokenizerKind kind, double valFraction, string source, TextTokenizer? tokenizer = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(valFraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(valFraction, 1);
        tokenizer ??= kind == TokenizerKind.Byte ? TextTokenizer.Byte() : TextTokenizer.Char(text);
        return new(tokenizer, text, valFraction, source);
    }

    private static string ReadText(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: no such file or folder. Expected UTF-8 text to train on.", path);
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        if (bytes.IsEmpty)
            throw new InvalidDataException($"{path}: the file is empty. Expected UTF-8 text to train on.");
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return text.EndsWith('\n') ? text : text + "\n"; // So that the next file begins on a line of its own.
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{path}: byte 0x{e.BytesUnknown![0]:X2} at offset {e.Index} is not UTF-8. "
                + "Expected UTF-8 text: convert the file first, for example with `iconv -f ISO-8859-1 -t UTF-8`.", e);
        }
    }
}
