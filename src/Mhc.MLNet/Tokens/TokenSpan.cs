using System.Text;

namespace Mhc.MLNet.Tokens;

/// <summary>Where a token lies in its text: in UTF-16 code units, at the characters that it touches, and in bytes of UTF-8.</summary>
internal readonly record struct TokenSpan(int Start, int End, int ByteStart, int ByteEnd)
{
    /// <summary>The places of a text's tokens. Characters that the vocabulary lacks lie between them.</summary>
    public static TokenSpan[] Of(string text, IReadOnlyList<int> ids, TextTokenizer tokenizer)
    {
        int[] characters = CharactersOf(text);
        var spans = new TokenSpan[ids.Count];
        int start = 0;
        for (int token = 0; token < spans.Length; token++)
        {
            if (!tokenizer.IsByteLevel)
                start = Find(tokenizer.TextOf(ids[token]), text, characters, start);
            int end = start + tokenizer.BytesOf(ids[token]).Length;
            spans[token] = new(characters[start], characters[NextCharacter(characters, end)], start, end);
            start = end;
        }
        return spans;
    }

    // For each byte, and for the end: where the character that it is of begins. A lone surrogate has three bytes.
    private static int[] CharactersOf(string text)
    {
        int[] characters = new int[Encoding.UTF8.GetByteCount(text) + 1];
        int at = 0, bytes = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            characters.AsSpan(bytes, rune.Utf8SequenceLength).Fill(at);
            (at, bytes) = (at + rune.Utf16SequenceLength, bytes + rune.Utf8SequenceLength);
        }
        characters[bytes] = at;
        return characters;
    }

    private static int Find(string character, string text, int[] characters, int start)
    {
        while (!text.AsSpan(characters[start]).StartsWith(character, StringComparison.Ordinal))
            start = NextCharacter(characters, start + 1);
        return start;
    }

    private static int NextCharacter(int[] characters, int from)
    {
        while (from > 0 && from < characters.Length - 1 && characters[from] == characters[from - 1])
            from++;
        return from;
    }
}
