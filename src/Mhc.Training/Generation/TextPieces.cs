using System.Text;

namespace Mhc.Training;

/// <summary>A stream of tokens' bytes as pieces of text that can be shown at once.</summary>
internal static class TextPieces
{
    /// <summary>
    /// UTF-8 that comes in any cuts: a character appears when its last byte is there, and one whose last byte never comes does not. Bytes
    /// that are no UTF-8 become U+FFFD.
    /// </summary>
    public static IEnumerable<string> Decode(IEnumerable<byte[]> tokens)
    {
        Decoder decoder = Encoding.UTF8.GetDecoder();
        foreach (byte[] bytes in tokens)
        {
            char[] characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
            int count = decoder.GetChars(bytes, characters, flush: false);
            if (count > 0)
                yield return new string(characters, 0, count);
        }
    }

    /// <summary>
    /// Ends before the first <paramref name="stop"/>, wherever the pieces cut it. Holds back only what may be its beginning.
    /// </summary>
    public static IEnumerable<string> Until(string? stop, IEnumerable<string> pieces)
    {
        string held = "";
        foreach (string piece in pieces)
        {
            if (stop is null)
            {
                yield return piece;
                continue;
            }
            held += piece;
            int found = held.IndexOf(stop, StringComparison.Ordinal);
            int ready = found >= 0 ? found : held.Length - BeginningOf(stop, held);
            if (ready > 0)
                yield return held[..ready];
            if (found >= 0)
                yield break;
            held = held[ready..];
        }
        if (held.Length > 0)
            yield return held;
    }

    /// <summary>How many characters at the end of the text are the first of the stop text.</summary>
    private static int BeginningOf(string stop, string text)
    {
        int length = Math.Min(stop.Length - 1, text.Length);
        while (!text.EndsWith(stop[..length], StringComparison.Ordinal))
            length--;
        return length;
    }
}
