using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Mhc.MLNet.Scoring;

/// <summary>
/// Texts on their way through the model: read ahead in groups, their windows sorted by length and packed into batches. Thread-safe.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A SemaphoreSlim whose wait handle nobody asks for has nothing to dispose.")]
internal sealed class TextBatches(SharedSession session, int contextLength, int tokensPerBatch, int runsAtOnce)
{
    // Windows are sorted by length within so many batches, so that little of a batch is padding.
    private const int MaxBatchesAhead = 64;

    private readonly SemaphoreSlim _slots = new(runsAtOnce);
    private readonly ConcurrentBag<Batch> _idle = [];

    /// <summary>
    /// The texts in their order, with their scores. While a group's batches run, the next group is read, by the caller's thread as always;
    /// while the caller uses the results, that group runs. So at most three groups are in memory.
    /// </summary>
    public IEnumerable<EncodedText> Run(IEnumerable<EncodedText> texts)
    {
        var queue = new BatchQueue(_slots, runsAtOnce);
        try
        {
            (List<EncodedText> Texts, Task[] Batches) running = ([], []);
            foreach ((List<EncodedText> group, bool isLast) in LookAhead(texts))
            {
                Task[] batches = [.. Pack(group)];
                queue.Add(batches, callerWaits: isLast);
                Finish(queue, running.Batches);
                foreach (EncodedText text in running.Texts)
                    yield return text;
                running = (group, batches);
            }
            Finish(queue, running.Batches);
            foreach (EncodedText text in running.Texts)
                yield return text;
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
    private IEnumerable<(List<EncodedText> Group, bool IsLast)> LookAhead(IEnumerable<EncodedText> texts)
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

    // The session is held for this, not from one result to the next: an iterator may never be finished.
    private void Finish(BatchQueue queue, Task[] batches)
    {
        using SharedSession.Use use = session.Enter();
        queue.Finish(batches);
    }

    private IEnumerable<Task> Pack(List<EncodedText> group)
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
            ReadOnlyMemory<Window> batch = rest[..rows];
            yield return new Task(() => Run(batch.Span));
            rest = rest[rows..];
        }
    }

    private void Run(ReadOnlySpan<Window> windows)
    {
        using SharedSession.Use use = session.Enter();
        // A window of the context length runs even where it is longer than a batch should be.
        Batch batch = _idle.TryTake(out Batch? idle) ? idle : new Batch(Math.Max(tokensPerBatch, contextLength));
        batch.Run(use.Session, windows);
        _idle.Add(batch);
    }
}
