using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>
/// Texts on their way through the model: read ahead in groups, their windows sorted by length and packed into batches. Thread-safe.
/// </summary>
internal sealed class TextBatches(SharedSession session, int contextLength, int tokensPerBatch)
{
    // Windows are sorted by length within so many batches, so that little of a batch is padding.
    private const int MaxBatchesAhead = 64;

    private readonly ConcurrentBag<Batch> _idle = [];

    /// <summary>The texts in their order, with their scores. The session stays open until all are done.</summary>
    public IReadOnlyList<EncodedText> Run(IEnumerable<EncodedText> texts)
    {
        using SharedSession.Use use = session.Enter();
        return [.. Run(texts, use.Again)];
    }

    /// <summary>The texts in their order, with their scores, as the result is read.</summary>
    public IEnumerable<EncodedText> RunLazily(IEnumerable<EncodedText> texts) => Run(texts, session.Enter);

    // A group runs while the caller's thread reads the next one and while the caller uses the results of the one before: three groups are
    // in memory at most. The session is not held from one result to the next: an iterator may never be finished.
    private IEnumerable<EncodedText> Run(IEnumerable<EncodedText> texts, Func<SharedSession.Use> enter)
    {
        var queue = new BatchQueue(Run, session.RunsAtOnce);
        using IEnumerator<(List<EncodedText> Texts, bool IsLast)> groups = LookAhead(texts).GetEnumerator();
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
                    queue.Finish(finished.Batches, use);
                }
                foreach (EncodedText text in finished.Texts)
                    yield return text;
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
    private IEnumerable<(List<EncodedText> Texts, bool IsLast)> LookAhead(IEnumerable<EncodedText> texts)
    {
        var group = new List<EncodedText>();
        int batchesAhead = 1;
        long tokens = 0;
        foreach (EncodedText text in texts)
        {
            group.Add(text);
            tokens += text.Sequence.Length + 1; // one more, so that empty texts end a group too
            if (tokens < (long)batchesAhead * tokensPerBatch)
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
            int before = windows.Count;
            windows.AddRange(Window.Cut(text, contextLength));
            text.WindowCount = windows.Count - before;
        }
        windows.Sort((a, b) => b.Length.CompareTo(a.Length));

        ReadOnlyMemory<Window> rest = windows.ToArray();
        while (rest.Length > 0)
        {
            // All are padded to the first one's length.
            int rows = Math.Clamp(tokensPerBatch / rest.Span[0].Length, 1, rest.Length);
            yield return rest[..rows];
            rest = rest[rows..];
        }
    }

    private void Run(InferenceSession open, ReadOnlyMemory<Window> windows)
    {
        // A window of the context length runs even where it is longer than a batch should be.
        Batch batch = _idle.TryTake(out Batch? idle) ? idle : new Batch(Math.Max(tokensPerBatch, contextLength));
        batch.Run(open, windows.Span);
        _idle.Add(batch);
    }
}
