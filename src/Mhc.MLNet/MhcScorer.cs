using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Mhc.MLNet.Scoring;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet;

/// <summary>
/// Scores text with an exported model: how probable the model finds each token after those before it.
/// A model file is run by native code: open only files that you trust.
/// </summary>
/// <remarks>
/// Thread-safe. On the CPU a text's score is bit-identical whether it is scored alone or with others, in any order, on any thread.
/// The caller disposes it; calls that are under way finish first.
/// </remarks>
public sealed class MhcScorer : IDisposable
{
    // Texts are sorted by length within so many batches, so that little of a batch is padding.
    private const int MaxBatchesAhead = 16;

    private readonly SharedSession _session;
    private readonly ScoringModel _model;
    private readonly int _tokensPerBatch;
    private readonly ConcurrentBag<Batch> _idleBatches = [];

    /// <summary>Opens an .onnx file made by <c>mhc export</c>. Open only files that you trust.</summary>
    /// <param name="modelPath">Path of the file.</param>
    /// <param name="options">How to run it; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a model that can score text.</exception>
    /// <exception cref="InvalidOperationException">ONNX Runtime's native library or the required device is missing.</exception>
    public MhcScorer(string modelPath, MhcScorerOptions? options = null)
        : this(Existing(modelPath), settings => new InferenceSession(modelPath, settings), options)
    {
    }

    /// <summary>Opens a model from the content of an .onnx file made by <c>mhc export</c>. Open only models that you trust.</summary>
    /// <param name="model">Content of the file. Not used after the call.</param>
    /// <param name="options">How to run it; null for the defaults.</param>
    /// <exception cref="InvalidDataException">The content is not a model that can score text.</exception>
    /// <exception cref="InvalidOperationException">ONNX Runtime's native library or the required device is missing.</exception>
    public MhcScorer(byte[] model, MhcScorerOptions? options = null)
        : this(model, "The model", options)
    {
    }

    internal MhcScorer(byte[] model, string source, MhcScorerOptions? options)
        : this(source, settings => new InferenceSession(model, settings), options)
    {
    }

    private MhcScorer(string source, Func<SessionOptions, InferenceSession> open, MhcScorerOptions? options)
    {
        options ??= new MhcScorerOptions();
        options.Validate();
        (InferenceSession session, Device, WhyNotCuda) = SessionFactory.Open(open, options, source);
        try
        {
            _model = ScoringModel.Read(session.ModelMetadata.CustomMetadataMap, session.InputNames, session.OutputNames, source);
        }
        catch
        {
            session.Dispose();
            throw;
        }
        _session = new SharedSession(session);
        _tokensPerBatch = Math.Max(options.TokensPerBatch, Model.ContextLength);
    }

    /// <value>What the model says about itself.</value>
    public MhcModelInfo Model => _model.Info;

    /// <value>Where the model runs: <see cref="MhcDevice.Cpu"/> or <see cref="MhcDevice.Cuda"/>.</value>
    public MhcDevice Device { get; }

    /// <value>Why the model runs on the CPU though <see cref="MhcDevice.CudaIfAvailable"/> was asked for; null otherwise.</value>
    public string? WhyNotCuda { get; }

    /// <summary>Scores one text.</summary>
    public MhcScore Score(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Score([text])[0];
    }

    /// <summary>Scores texts in batches.</summary>
    /// <returns>The scores in the texts' order.</returns>
    public IReadOnlyList<MhcScore> Score(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using SharedSession.Use use = _session.Enter();
        return [.. LookAhead(texts).SelectMany(group => Score(group, use))];
    }

    /// <summary>
    /// Scores texts in batches as the result is read. Reads ahead of the result: one batch's worth of tokens at first, so that the first
    /// scores come early, and up to 16 batches' worth later, so that texts of like length share a batch.
    /// </summary>
    /// <returns>The scores in the texts' order.</returns>
    public IEnumerable<MhcScore> ScoreLazily(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Iterate();

        IEnumerable<MhcScore> Iterate()
        {
            foreach (List<EncodedText> group in LookAhead(texts))
            {
                // The session is held for a group, not from one result to the next: an iterator may never be finished.
                MhcScore[] scores;
                using (SharedSession.Use use = _session.Enter())
                    scores = [.. Score(group, use)];
                foreach (MhcScore score in scores)
                    yield return score;
            }
        }
    }

    /// <summary>Closes the model once the calls under way have finished. Later calls throw <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => _session.Dispose();

    private IEnumerable<List<EncodedText>> LookAhead(IEnumerable<string> texts)
    {
        var group = new List<EncodedText>();
        int batchesAhead = 1;
        long tokens = 0;
        foreach (string text in texts)
        {
            EncodedText encoded = Encode(text);
            group.Add(encoded);
            tokens += encoded.Sequence.Length + 1; // one more, so that empty texts end a group too
            if (tokens < (long)batchesAhead * _tokensPerBatch)
                continue;
            yield return group;
            (group, tokens, batchesAhead) = ([], 0, Math.Min(batchesAhead * 2, MaxBatchesAhead));
        }
        if (group.Count > 0)
            yield return group;
    }

    private EncodedText Encode(string text)
    {
        (IReadOnlyList<int> ids, int unknownCount) = _model.Tokenizer.Encode(text);
        int[] sequence = Model.PrefixTokenId is int prefix && ids.Count > 0 ? [prefix, .. ids] : [.. ids];
        return new EncodedText(sequence, unknownCount, Encoding.UTF8.GetByteCount(text));
    }

    private IEnumerable<MhcScore> Score(List<EncodedText> group, SharedSession.Use use)
    {
        var windows = new List<Window>();
        foreach (EncodedText text in group)
        {
            int before = windows.Count;
            windows.AddRange(Window.Cut(text, Model.ContextLength));
            text.WindowCount = windows.Count - before;
        }
        windows.Sort((a, b) => a.Length.CompareTo(b.Length));

        Batch batch = _idleBatches.TryTake(out Batch? idle) ? idle : new Batch(_tokensPerBatch);
        ReadOnlySpan<Window> rest = CollectionsMarshal.AsSpan(windows);
        while (rest.Length > 0)
        {
            int rows = RowsThatFit(rest);
            batch.Run(use.Session, rest[..rows]);
            rest = rest[rows..];
        }
        _idleBatches.Add(batch);
        return group.Select(text => text.ToScore());
    }

    /// <summary>How many of the windows, sorted by length, fit into one batch when all are padded to the last one's length.</summary>
    private int RowsThatFit(ReadOnlySpan<Window> windows)
    {
        int rows = 1;
        while (rows < windows.Length && (rows + 1) * windows[rows].Length <= _tokensPerBatch)
            rows++;
        return rows;
    }

    private static string Existing(string modelPath)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(modelPath);
        return File.Exists(modelPath) ? modelPath : throw new FileNotFoundException(
            $"{modelPath} does not exist. Make it with `mhc export`, or correct the path.", modelPath);
    }
}
