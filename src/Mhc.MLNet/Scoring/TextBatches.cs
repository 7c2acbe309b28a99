using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>From texts to scores: groups of texts read ahead, their windows sorted by length and packed into batches. Thread-safe.</summary>
internal sealed class TextBatches(TextModel model, MhcScorerOptions options)
{
    // Windows are sorted by length within so many batches, so that little of a batch is padding.
    private const int MaxBatchesAhead = 16;

    private readonly TextEncoder _encoder = new(model, options);
    private readonly ScoreOfText _scores = new(model, options.AnomalyPercentile);
    private readonly int _capacity = Math.Max(options.TokensPerBatch, model.Info.ContextLength);
    private readonly ConcurrentBag<Batch> _idle = [];

    /// <summary>The texts in groups, the first of them one batch large so that the first scores come early, later ones up to sixteen.</summary>
    public IEnumerable<List<EncodedText>> LookAhead(IEnumerable<MhcText> texts, MhcDetails details)
    {
        var group = new List<EncodedText>();
        int batchesAhead = 1;
        long tokens = 0;
        foreach (MhcText text in texts)
        {
            EncodedText encoded = _encoder.Encode(text, details);
            group.Add(encoded);
            tokens += encoded.Sequence.Length + 1; // one more, so that empty texts end a group too
            if (tokens < (long)batchesAhead * _capacity)
                continue;
            yield return group;
            (group, tokens, batchesAhead) = ([], 0, Math.Min(batchesAhead * 2, MaxBatchesAhead));
        }
        if (group.Count > 0)
            yield return group;
    }

    /// <summary>The scores of a group in its order.</summary>
    /// <param name="group">Texts of which the same is asked.</param>
    /// <param name="outputs">Those of the graph that it takes.</param>
    /// <param name="session">The model.</param>
    public IEnumerable<MhcScore> Score(List<EncodedText> group, string[] outputs, InferenceSession session)
    {
        var windows = new List<Window>();
        foreach (EncodedText text in group)
        {
            Window[] cut = [.. _encoder.Cut(text)];
            windows.AddRange(cut);
            text.WindowCount = cut.Count(window => window.ScoredCount > 0);
        }
        windows.Sort((a, b) => a.Length.CompareTo(b.Length));

        Batch batch = _idle.TryTake(out Batch? idle) ? idle : new Batch(_capacity);
        ReadOnlySpan<Window> rest = CollectionsMarshal.AsSpan(windows);
        while (rest.Length > 0)
        {
            int rows = RowsThatFit(rest);
            batch.Run(session, outputs, rest[..rows]);
            rest = rest[rows..];
        }
        _idle.Add(batch);
        return group.Select(_scores.Of);
    }

    /// <summary>How many of the windows, sorted by length, fit into one batch when all are padded to the last one's length.</summary>
    private int RowsThatFit(ReadOnlySpan<Window> windows)
    {
        int rows = 1;
        while (rows < windows.Length && (rows + 1) * windows[rows].Length <= _capacity)
            rows++;
        return rows;
    }
}
