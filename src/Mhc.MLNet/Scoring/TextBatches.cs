using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>
/// From texts to scores: groups of texts read ahead, their windows sorted by length and packed into batches, which run side by side.
/// Thread-safe.
/// </summary>
internal sealed class TextBatches(TextModel model, MhcScorerOptions options, SharedSession session)
{
    // Windows are sorted by length within so many batches, so that little of a batch is padding.
    private const int MaxBatchesAhead = 64;

    private readonly TextEncoder _encoder = new(model, options);
    private readonly ScoreOfText _scores = new(model, options.AnomalyPercentile);
    private readonly ConcurrentBag<Batch> _idle = [];

    /// <summary>
    /// The scores in the texts' order, as they are read. A group runs while the caller's thread reads the next one and while the caller uses
    /// the scores of the one before: three groups are in memory at most.
    /// </summary>
    /// <param name="texts">Read by the caller's thread.</param>
    /// <param name="details">What is asked of them.</param>
    /// <param name="outputs">Those of the graph that it takes.</param>
    /// <param name="enter">How to hold the session: not from one score to the next, an iterator may never be finished.</param>
    /// <param name="cancellationToken">Is looked at before each text and each batch.</param>
    public IEnumerable<MhcScore> Score(IEnumerable<MhcText> texts, MhcDetails details, string[] outputs, Func<SharedSession.Use> enter,
        CancellationToken cancellationToken)
    {
        var queue = new BatchQueue((open, windows) => Run(open, outputs, windows), session.RunsAtOnce);
        using IEnumerator<(List<EncodedText> Texts, bool IsLast)> groups = LookAhead(texts, details, cancellationToken).GetEnumerator();
        (List<EncodedText> Texts, Task[] Batches) running = ([], []), finished;
        try
        {
            do
            {
                finished = running;
                using (SharedSession.Use use = enter())
                {
                    running = groups.MoveNext()
                        ? (groups.Current.Texts, queue.Add(Pack(groups.Current.Texts), use, callerWaits: groups.Current.IsLast))
                        : ([], []);
                    queue.Finish(finished.Batches, use, cancellationToken);
                }
                foreach (EncodedText text in finished.Texts)
                    yield return _scores.Of(text);
            }
            while (running.Texts.Count > 0);
        }
        finally
        {
            queue.Clear(); // The caller may have had enough.
        }
    }

    /// <summary>
    /// The texts in groups, the first of them one batch large so that the first scores come early, later ones up to
    /// <see cref="MaxBatchesAhead"/>.
    /// </summary>
    private IEnumerable<(List<EncodedText> Texts, bool IsLast)> LookAhead(
        IEnumerable<MhcText> texts, MhcDetails details, CancellationToken cancellationToken)
    {
        var group = new List<EncodedText>();
        int batchesAhead = 1;
        long tokens = 0;
        foreach (MhcText text in texts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            EncodedText encoded = _encoder.Encode(text, details);
            group.Add(encoded);
            tokens += encoded.Sequence.Length + 1; // one more, so that empty texts end a group too
            if (tokens < (long)batchesAhead * options.TokensPerBatch)
                continue;
            yield return (group, false);
            (group, tokens, batchesAhead) = ([], 0, Math.Min(batchesAhead * 4, MaxBatchesAhead));
        }
        if (group.Count > 0)
            yield return (group, true);
    }

    private IEnumerable<ReadOnlyMemory<Window>> Pack(List<EncodedText> group)
    {
        var windows = new List<Window>();
        foreach (EncodedText text in group)
        {
            Window[] cut = [.. _encoder.Cut(text)];
            windows.AddRange(cut);
            text.WindowCount = cut.Count(window => window.ScoredCount > 0);
        }
        windows.Sort((a, b) => b.Length.CompareTo(a.Length));

        ReadOnlyMemory<Window> rest = windows.ToArray();
        while (rest.Length > 0)
        {
            // All are padded to the first one's length.
            int rows = Math.Clamp(options.TokensPerBatch / rest.Span[0].Length, 1, rest.Length);
            yield return rest[..rows];
            rest = rest[rows..];
        }
    }

    private void Run(InferenceSession open, string[] outputs, ReadOnlyMemory<Window> windows)
    {
        // A window of the context length runs even where it is longer than a batch should be.
        Batch batch = _idle.TryTake(out Batch? idle) ? idle : new Batch(Math.Max(options.TokensPerBatch, model.Info.ContextLength));
        batch.Run(open, outputs, windows.Span);
        _idle.Add(batch);
    }
}
