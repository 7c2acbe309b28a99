using System.Text;

namespace Mhc.Cli;

/// <summary>The lines of UTF-8 text, one after the other. They end in LF or CRLF; a byte order mark is passed over.</summary>
internal static class TextLines
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads a file lazily.</summary>
    /// <exception cref="InvalidDataException">A line is not UTF-8.</exception>
    public static IEnumerable<string> Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        int number = 0;
        foreach (ReadOnlyMemory<byte> line in Bytes(file))
        {
            number++;
            if (Problem(line.Span, out string text) is { } problem)
                throw new InvalidDataException($"{path}: line {number} {problem}");
            yield return text;
        }
    }

    /// <summary>Line by line before it is decoded, so that a wrong byte can be told by its line. A line is valid until the next.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Bytes(Stream stream)
    {
        byte[] buffer = new byte[1 << 16];
        int kept = 0;
        bool isFirst = true;
        for (bool atEnd = false; !atEnd;)
        {
            if (kept == buffer.Length)
                Array.Resize(ref buffer, 2 * buffer.Length); // A line longer than the buffer.
            int read = stream.Read(buffer, kept, buffer.Length - kept);
            atEnd = read == 0;
            int start = 0, searched = kept;
            kept += read;
            for (int end; start < kept && ((end = Array.IndexOf(buffer, (byte)'\n', searched, kept - searched)) >= 0 || atEnd); searched = start)
            {
                end = end < 0 ? kept : end;
                if (isFirst && buffer.AsSpan(start, end - start).StartsWith(Encoding.UTF8.Preamble))
                    start += Encoding.UTF8.Preamble.Length;
                isFirst = false;
                int length = end - start;
                yield return buffer.AsMemory(start, length > 0 && buffer[end - 1] == '\r' ? length - 1 : length);
                start = Math.Min(end + 1, kept); // The last line may have no end.
            }
            Buffer.BlockCopy(buffer, start, buffer, 0, kept -= start);
        }
    }

    /// <returns>What is wrong, to be read behind the number of the line; null where nothing is.</returns>
    public static string? Problem(ReadOnlySpan<byte> line, out string text)
    {
        text = "";
        try
        {
            text = Strict.GetString(line);
            return null;
        }
        catch (DecoderFallbackException e)
        {
            return $"has byte 0x{e.BytesUnknown![0]:X2} at offset {e.Index}, which is not UTF-8. "
                + "Expected UTF-8 text: convert the file first, for example with `iconv -f ISO-8859-1 -t UTF-8`.";
        }
    }
}
