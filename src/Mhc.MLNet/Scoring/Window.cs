namespace Mhc.MLNet.Scoring;

/// <summary>
/// <paramref name="Length"/> tokens of a text's sequence from <paramref name="Start"/> on, of which the positions from
/// <paramref name="FirstScored"/> (counted from the window's start) on are scored.
/// </summary>
internal readonly record struct Window(EncodedText Text, int Start, int Length, int FirstScored)
{
    public int ScoredCount => Length - FirstScored;

    /// <summary>
    /// Windows that score every position once. The first is as long as the context; each further one starts half a context later,
    /// so what it scores has at least half a context before it; the last moves back until it is full.
    /// </summary>
    public static IEnumerable<Window> Cut(EncodedText text, int contextLength)
    {
        int positions = text.LogProbs.Length;
        int step = Math.Max(1, contextLength / 2);
        int scored = 0;
        for (int start = 0; scored < positions; start += step)
        {
            start = Math.Min(start, Math.Max(0, positions - contextLength));
            int length = Math.Min(contextLength, positions - start);
            yield return new Window(text, start, length, scored - start);
            scored = start + length;
        }
    }
}
