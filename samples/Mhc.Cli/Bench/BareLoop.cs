using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Bench;

/// <summary>
/// The bar: ONNX Runtime and nothing else. As many tokens in texts of like lengths, every batch full of random tokens, no padding; inputs
/// and outputs lie ready before the clock starts.
/// </summary>
internal sealed class BareLoop : IScoringWay
{
    private static readonly string[] Inputs = ["input_ids", "positions", "targets"], Outputs = ["logprobs"];

    private readonly InferenceSession _session;
    private readonly int _runsAtOnce;
    private readonly RunOptions _run = new();
    private readonly List<(OrtValue[] Inputs, OrtValue[] Outputs)> _batches = [];
    private readonly long _tokens;

    public BareLoop(string name, ScoringModel model, IEnumerable<int> lengths, int tokensPerBatch, int threads, int runsAtOnce)
    {
        (Name, _runsAtOnce) = (name, runsAtOnce);
        // As MhcScorer opens its sessions.
        using var options = new SessionOptions { IntraOpNumThreads = threads / runsAtOnce, EnableMemoryPattern = false };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _session = new InferenceSession(model.Scores, options);
        var random = new Random(1);
        foreach ((int rows, int tokens) in Full(lengths, tokensPerBatch))
        {
            _batches.Add(Batch(rows, tokens, model.VocabSize, random));
            _tokens += rows * tokens;
        }
    }

    public string Name { get; }

    public long Score()
    {
        if (_runsAtOnce == 1)
            _batches.ForEach(Run);
        else
            Parallel.ForEach(_batches, new ParallelOptions { MaxDegreeOfParallelism = _runsAtOnce }, Run);
        return _tokens;
    }

    public void Dispose()
    {
        foreach (OrtValue value in _batches.SelectMany(batch => batch.Inputs.Concat(batch.Outputs)))
            value.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    private void Run((OrtValue[] Inputs, OrtValue[] Outputs) batch) => _session.Run(_run, Inputs, batch.Inputs, Outputs, batch.Outputs);

    /// <summary>
    /// Batches that hold the lengths' tokens: as many rows as fit of the next lengths in order, all as long as these are on average.
    /// Attention costs what it costs for the texts themselves. What does not fill a batch at the end is left out, unless it is all there is.
    /// </summary>
    private static IEnumerable<(int Rows, int Tokens)> Full(IEnumerable<int> lengths, int tokensPerBatch)
    {
        var batch = new List<int>();
        bool any = false;
        foreach (int length in lengths.Order())
        {
            batch.Add(length);
            int tokens = (int)Math.Round(batch.Average());
            if ((batch.Count + 1) * tokens <= tokensPerBatch)
                continue;
            yield return (batch.Count, tokens);
            batch.Clear();
            any = true;
        }
        if (!any)
            yield return (batch.Count, (int)Math.Round(batch.Average()));
    }

    private static (OrtValue[] Inputs, OrtValue[] Outputs) Batch(int rows, int tokens, int vocabSize, Random random)
    {
        int count = rows * tokens;
        long[] all = [.. Enumerable.Range(0, count).Select(position => (long)position)];
        return (
            [
                OrtValue.CreateTensorValueFromMemory(Ids(), [rows, tokens]),
                OrtValue.CreateTensorValueFromMemory(all, [count]),
                OrtValue.CreateTensorValueFromMemory(Ids(), [count]),
            ],
            [OrtValue.CreateTensorValueFromMemory(new float[count], [count])]);

        long[] Ids() => [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(vocabSize))];
    }
}
