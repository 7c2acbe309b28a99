using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Mhc.Training;

/// <summary>A .txt file: one document, read in pieces.</summary>
internal static class PlainText
{
    private const int PieceChars = 1 << 15;

    /// <summary>
    /// Pieces whose ids, one after the other, are those of the whole text: a piece ends before a space or a newline that follows a
    /// character that is no white space. No tokenizer here merges across that, and what GPT-2's word pattern finds behind it does not
    /// depend on what is before.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is not UTF-8.</exception>
    public static IEnumerable<TextPiece> Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        var text = new StringBuilder();
        bool starts = true;
        foreach (string part in Decode(path, file))
        {
            text.Append(part);
            if (text.Length < PieceChars || LastCut(text, part.Length) is not (> 0 and int cut))
                continue;
            yield return new(text.ToString(0, cut), starts, false, file.Position);
            text.Remove(0, cut);
            starts = false;
        }
        if (text.Length > 0)
            yield return new(text.ToString(), starts, true, file.Length);
    }

    private static IEnumerable<string> Decode(string path, FileStream file)
    {
        byte[] bytes = new byte[PieceChars / 2];
        char[] chars = new char[bytes.Length];
        int kept = file.ReadAtLeast(bytes.AsSpan(0, 3), 3, throwOnEndOfStream: false);
        if (bytes.AsSpan(0, kept).SequenceEqual(Encoding.UTF8.Preamble))
            kept = 0;
        for (bool atEnd = false; !atEnd;)
        {
            // Whole buffers, so that the pieces of a file are the same each time.
            kept += file.ReadAtLeast(bytes.AsSpan(kept), bytes.Length - kept, throwOnEndOfStream: false);
            atEnd = kept < bytes.Length;
            OperationStatus status = Utf8.ToUtf16(
                bytes.AsSpan(0, kept), chars, out int used, out int made, replaceInvalidSequences: false, atEnd);
            if (status == OperationStatus.InvalidData)
                throw Throw.InvalidData_NotUtf8(path, $"byte 0x{bytes[used]:X2} at offset {file.Position - kept + used}");
            yield return new string(chars, 0, made);
            bytes.AsSpan(used..kept).CopyTo(bytes);
            kept -= used;
        }
    }

    // Looked for in the part that came last: a text that has none there grows until it has.
    private static int LastCut(StringBuilder text, int lastLength)
    {
        ReadOnlySpan<char> tail = text.ToString(Math.Max(0, text.Length - lastLength - 1), Math.Min(text.Length, lastLength + 1));
        for (int i = tail.Length - 1; i > 0; i--)
        {
            if (tail[i] is ' ' or '\n' && !char.IsWhiteSpace(tail[i - 1]))
                return text.Length - tail.Length + i;
        }
        return 0;
    }
}
