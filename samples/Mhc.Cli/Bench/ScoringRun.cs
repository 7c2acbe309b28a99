using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Bench;

/// <summary>A batch of random tokens, all of whose positions are scored: what <c>mhc score</c> does for one batch of texts.</summary>
internal sealed class ScoringRun : IDisposable
{
    private static readonly string[] Inputs = ["input_ids", "positions", "targets"], Outputs = ["logprobs"];

    private readonly RunOptions _run = new();
    private readonly OrtValue[] _inputs, _outputs;

    public ScoringRun(GraphSize size, int vocabSize)
    {
        var random = new Random(1);
        int tokens = size.Batch * size.Tokens;
        _inputs =
        [
            OrtValue.CreateTensorValueFromMemory(Ids(), [size.Batch, size.Tokens]),
            OrtValue.CreateTensorValueFromMemory(Enumerable.Range(0, tokens).Select(position => (long)position).ToArray(), [tokens]),
            OrtValue.CreateTensorValueFromMemory(Ids(), [tokens]),
        ];
        _outputs = [OrtValue.CreateTensorValueFromMemory(new float[tokens], [tokens])];

        long[] Ids() => [.. Enumerable.Range(0, tokens).Select(_ => (long)random.Next(vocabSize))];
    }

    public void Run(InferenceSession session) => session.Run(_run, Inputs, _inputs, Outputs, _outputs);

    public void Dispose()
    {
        foreach (OrtValue value in _inputs.Concat(_outputs))
            value.Dispose();
        _run.Dispose();
    }
}
