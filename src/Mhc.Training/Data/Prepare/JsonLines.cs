using System.Text.Json;

namespace Mhc.Training;

/// <summary>A .jsonl file: a JSON object a line, a document each.</summary>
internal static class JsonLines
{
    /// <summary>Empty lines and empty texts are passed over.</summary>
    /// <exception cref="InvalidDataException">A line is no JSON object with the text; the message names the line.</exception>
    public static IEnumerable<TextPiece> Read(string path, string textField)
    {
        using FileStream file = File.OpenRead(path);
        byte[] buffer = new byte[1 << 20];
        int kept = 0;
        long number = 0, done = 0;
        for (bool atEnd = false; !atEnd;)
        {
            if (kept == buffer.Length)
                Array.Resize(ref buffer, 2 * buffer.Length); // A line longer than the buffer.
            int read = file.Read(buffer, kept, buffer.Length - kept);
            atEnd = read == 0;
            kept += read;
            int start = 0;
            for (int end; start < kept && ((end = Array.IndexOf(buffer, (byte)'\n', start, kept - start)) >= 0 || atEnd); start = end + 1)
            {
                end = end < 0 ? kept : end;
                number++;
                if (Text(path, number, buffer.AsMemory(start, end - start), textField) is { Length: > 0 } text)
                    yield return new(text, true, true, done + end);
            }
            start = Math.Min(start, kept); // The last line may have no end.
            Buffer.BlockCopy(buffer, start, buffer, 0, kept -= start);
            done += start;
        }
    }

    private static string? Text(string path, long number, ReadOnlyMemory<byte> line, string textField)
    {
        if (number == 1 && line.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            line = line[3..];
        if (line.Span.Trim(" \t\r"u8).IsEmpty)
            return null;
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty(textField, out JsonElement text)
                || text.ValueKind != JsonValueKind.String)
            {
                throw new InvalidDataException($"{path}: line {number} is no JSON object with a string `{textField}`. "
                    + "Name the key that holds the text with --text-field.");
            }
            return text.GetString();
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: line {number} is not valid JSON at byte {e.BytePositionInLine + 1}. "
                + "Expected a JSON object a line.", e);
        }
        catch (InvalidOperationException e) // What the reader says of a string that is no Unicode.
        {
            throw Throw.InvalidData_NotUtf8(path, $"the `{textField}` of line {number}", e);
        }
    }
}
