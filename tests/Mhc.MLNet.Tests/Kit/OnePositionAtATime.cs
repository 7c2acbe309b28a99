using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Tests.Kit;

/// <summary>
/// The slow way to the same scores: the logits graph of <see cref="TestModels.Bytes"/>, run for each position alone, with nothing after it,
/// and a softmax in plain C#.
/// </summary>
internal sealed class OnePositionAtATime : IDisposable
{
    private const int ContextLength = 16;
    private readonly InferenceSession _session = new(TestModels.Logits);

    public IEnumerable<double> LogProbs(byte[] text)
    {
        long[] sequence = [10, .. text];
        for (int position = 0; position < text.Length; position++)
        {
            int start = WindowStart(position, text.Length);
            yield return LogProb(sequence[start..(position + 1)], sequence[position + 1]);
        }
    }

    public void Dispose() => _session.Dispose();

    /// <summary>Half a context on for every half that the position lies beyond the first window, up to the last full window.</summary>
    private static int WindowStart(int position, int positions)
    {
        int halves = position < ContextLength ? 0 : (position - ContextLength) / (ContextLength / 2) + 1;
        return Math.Min(halves * (ContextLength / 2), Math.Max(0, positions - ContextLength));
    }

    private double LogProb(long[] context, long target)
    {
        using var ids = OrtValue.CreateTensorValueFromMemory(context, [1, context.Length]);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(run, ["input_ids"], [ids], ["logits"]);
        ReadOnlySpan<float> logits = outputs[0].GetTensorDataAsSpan<float>()[^256..];
        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit);
        return logits[(int)target] - Math.Log(sum);
    }
}
