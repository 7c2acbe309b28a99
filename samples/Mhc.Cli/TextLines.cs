using System.Text;

namespace Mhc.Cli;

/// <summary>The lines of a UTF-8 file, one after the other.</summary>
internal static class TextLines
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// Reads lazily. Lines end in LF or CRLF; a byte order mark is passed over. Decodes line by line, which a StreamReader does not do,
    /// so that a wrong byte can be told by its line.
    /// </summary>
    /// <exception cref="InvalidDataException">A line is not UTF-8.</exception>
    public static IEnumerable<string> Read(string path)
    {
        using var file = new BufferedStream(File.OpenRead(path), 1 << 16);
        var line = new List<byte>();
        for (int number = 1; ; number++)
        {
            line.Clear();
            int next;
            while ((next = file.ReadByte()) is not ('\n' or -1))
                line.Add((byte)next);
            if (next == -1 && line.Count == 0)
                yield break;
            yield return Decode(path, number, [.. line]);
        }
    }

    private static string Decode(string path, int number, ReadOnlySpan<byte> line)
    {
        if (number == 1 && line.StartsWith(Encoding.UTF8.Preamble))
            line = line[Encoding.UTF8.Preamble.Length..];
        if (line is [.., (byte)'\r'])
            line = line[..^1];
        try
        {
            return Strict.GetString(line);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException(
                $"{path}: line {number} has byte 0x{e.BytesUnknown![0]:X2} at offset {e.Index}, which is not UTF-8. "
                + "Expected UTF-8 text: convert the file first, for example with `iconv -f ISO-8859-1 -t UTF-8`.", e);
        }
    }
}
