namespace Mhc.MLNet.Scoring;

/// <summary>
/// <paramref name="Length"/> tokens of a text's sequence from <paramref name="Start"/> on. The windows before it have scored the positions
/// before <paramref name="FirstNew"/>, which is counted from the window's start.
/// </summary>
internal readonly record struct Window(EncodedText Text, int Start, int Length, int FirstNew)
{
    /// <value>How many positions it scores: all that are new and have a token behind them.</value>
    public int ScoredCount => Math.Min(Length, Text.Sequence.Length - 1 - Start) - FirstNew;

    /// <summary>
    /// Windows that score every position of the text once, full where context and text are long enough. The first scores as many as it can
    /// hold, with as much of the context before them as there is room for; each further one scores <paramref name="stride"/>, the last what is
    /// left, so these have at least <paramref name="contextLength"/> − <paramref name="stride"/> tokens before them. Where the state behind the
    /// last token is asked for, the last window reads that token too, or one more does that has no room for it: scores do not depend on it.
    /// </summary>
    public static IEnumerable<Window> Cut(EncodedText text, int contextLength, int stride)
    {
        int last = text.Sequence.Length - 1, end = text.FirstScored;
        for (int first = end; first < last; first = end)
        {
            end = Math.Min(last, first + (first == text.FirstScored ? contextLength : stride));
            int start = Math.Max(0, end - contextLength);
            if (end == last && text.NeedsHidden && end - start < contextLength)
                end++;
            yield return new Window(text, start, end - start, first - start);
        }
        if (text.NeedsHidden && end == last)
        {
            int start = Math.Max(0, last + 1 - contextLength);
            yield return new Window(text, start, last + 1 - start, last - start);
        }
    }
}
