namespace Mhc.MLNet.Scoring;

/// <summary>What the model makes of the positions of one text, window by window.</summary>
internal sealed class ScoredPositions(EncodedText text)
{
    // Window by window, so that the mean is the same sum in whatever order they are run.
    private readonly SortedList<int, double[]> _hiddenSums = [];

    public float[] LogProbs { get; } = new float[text.ScoredCount];

    public long[]? Ranks { get; private set; }

    public float[]? Entropies { get; private set; }

    /// <value>(scored, K), best first, and the log-probabilities beside them.</value>
    public (long[] Ids, float[] LogProbs)? Top { get; private set; }

    /// <value>(C)</value>
    public float[]? HiddenLast { get; private set; }

    /// <value>(C)</value>
    public float[]? HiddenMean => _hiddenSums.Count == 0 ? null : [.. Enumerable.Range(0, _hiddenSums.GetValueAtIndex(0).Length)
        .Select(c => (float)(_hiddenSums.Values.Sum(sums => sums[c]) / Math.Max(1, text.Sequence.Length - text.FirstOfText)))];

    /// <summary>Takes what a window scored, which the outputs hold from <paramref name="at"/> on.</summary>
    public void Take(GraphOutputs outputs, Window window, int at)
    {
        int start = window.Start + window.FirstNew - text.FirstScored, count = window.ScoredCount;
        outputs.LogProbs.Slice(at, count).CopyTo(LogProbs.AsSpan(start));
        if (!outputs.Ranks.IsEmpty)
            outputs.Ranks.Slice(at, count).CopyTo((Ranks ??= new long[LogProbs.Length]).AsSpan(start));
        if (!outputs.Entropies.IsEmpty)
            outputs.Entropies.Slice(at, count).CopyTo((Entropies ??= new float[LogProbs.Length]).AsSpan(start));
        if (outputs.TopK is > 0 and var k)
        {
            Top ??= (new long[LogProbs.Length * k], new float[LogProbs.Length * k]);
            outputs.TopIds.Slice(at * k, count * k).CopyTo(Top.Value.Ids.AsSpan(start * k));
            outputs.TopLogProbs.Slice(at * k, count * k).CopyTo(Top.Value.LogProbs.AsSpan(start * k));
        }
    }

    /// <summary>Takes the states behind the tokens that a window is the first to read.</summary>
    /// <param name="states">(tokens of the window, C)</param>
    /// <param name="channels">C</param>
    /// <param name="window">Of this text.</param>
    public void TakeHidden(ReadOnlySpan<float> states, int channels, Window window)
    {
        double[] sums = new double[channels];
        int first = Math.Max(window.FirstNew, text.FirstOfText - window.Start); // The prefix, and the context's last token, are not the text.
        for (int t = first; t < window.Length; t++)
        {
            ReadOnlySpan<float> state = states.Slice(t * channels, channels);
            for (int c = 0; c < channels; c++)
                sums[c] += state[c];
        }
        _hiddenSums.Add(window.Start + window.FirstNew, sums);
        if (window.Start + window.Length == text.Sequence.Length)
            HiddenLast = states.Slice((window.Length - 1) * channels, channels).ToArray();
    }
}
