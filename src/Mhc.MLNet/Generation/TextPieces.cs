using System.Text;

namespace Mhc.MLNet.Generation;

/// <summary>The bytes of one text's tokens as pieces that can be shown at once: whole characters, and nothing of a stop text.</summary>
internal sealed class TextPieces(IReadOnlyList<string> stops)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private string _held = "";

    /// <summary>Whether a stop text has come, which ends the text.</summary>
    public bool Stopped { get; private set; }

    /// <summary>
    /// What can be shown once a token's bytes are there. Held back are the bytes of a character whose last is missing, and what may be the
    /// beginning of a stop text. Bytes that are no UTF-8 become U+FFFD.
    /// </summary>
    public string Add(ReadOnlySpan<byte> bytes)
    {
        char[] characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        string text = _held + new string(characters, 0, _decoder.GetChars(bytes, characters, flush: false));
        int end = StartOfStop(text);
        Stopped = end >= 0;
        if (!Stopped)
            end = text.Length - stops.Select(stop => BeginningOf(stop, text)).DefaultIfEmpty().Max();
        _held = Stopped ? "" : text[end..];
        return text[..end];
    }

    /// <summary>What was held back, when the text ends without a stop text. A character that is not whole is left out.</summary>
    public string Rest() => _held;

    // Where the stop text begins that is complete first, or -1. Of those that end together it is the longest.
    private int StartOfStop(string text)
    {
        (int start, int end) = (-1, int.MaxValue);
        foreach (string stop in stops)
        {
            int found = text.IndexOf(stop, StringComparison.Ordinal);
            if (found >= 0 && (found + stop.Length < end || (found + stop.Length == end && found < start)))
                (start, end) = (found, found + stop.Length);
        }
        return start;
    }

    // How many characters at the end of the text are the first of the stop text.
    private static int BeginningOf(string stop, string text)
    {
        int length = Math.Min(stop.Length - 1, text.Length);
        while (!text.EndsWith(stop[..length], StringComparison.Ordinal))
            length--;
        return length;
    }
}
