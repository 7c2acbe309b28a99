using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>Runs windows through the model: the buffers of one run, used again by the next.</summary>
internal sealed class Batch(int capacity)
{
    private static readonly string[] InputNames = ["input_ids", "positions", "targets"];

    private readonly long[] _ids = new long[capacity];
    private readonly long[] _positions = new long[capacity];
    private readonly long[] _targets = new long[capacity];

    /// <summary>Scores B windows, padded to the longest of them, T, and writes the result into their texts. B·T is at most the capacity.</summary>
    public void Run(InferenceSession session, string[] outputNames, ReadOnlySpan<Window> windows)
    {
        int tokens = 0, unpadded = 0;
        foreach (Window window in windows)
        {
            tokens = Math.Max(tokens, window.Length);
            unpadded += window.Length;
        }
        int scored = Fill(windows, tokens);

        OrtMemoryInfo cpu = OrtMemoryInfo.DefaultInstance;
        using var ids = OrtValue.CreateTensorValueFromMemory(cpu, _ids.AsMemory(0, windows.Length * tokens), [windows.Length, tokens]);
        using var positions = OrtValue.CreateTensorValueFromMemory(cpu, _positions.AsMemory(0, scored), [scored]);
        using var targets = OrtValue.CreateTensorValueFromMemory(cpu, _targets.AsMemory(0, scored), [scored]);
        using var run = new RunOptions();
        long start = Stopwatch.GetTimestamp();
        using IDisposableReadOnlyCollection<OrtValue> values = session.Run(run, InputNames, [ids, positions, targets], outputNames);
        ScoringMeter.Add(
            scored, context: unpadded - scored, padding: windows.Length * tokens - unpadded, Stopwatch.GetElapsedTime(start));
        Scatter(new GraphOutputs(outputNames, values), windows, tokens);
    }

    private int Fill(ReadOnlySpan<Window> windows, int tokens)
    {
        Array.Clear(_ids, 0, windows.Length * tokens); // what is left as padding is token 0: causal attention never lets it touch the positions before it
        int scored = 0;
        for (int row = 0; row < windows.Length; row++)
        {
            Window window = windows[row];
            ReadOnlySpan<int> sequence = window.Text.Sequence.AsSpan(window.Start);
            for (int t = 0; t < window.Length; t++)
                _ids[row * tokens + t] = sequence[t];
            for (int t = window.FirstNew; t < window.FirstNew + window.ScoredCount; t++, scored++)
            {
                _positions[scored] = row * tokens + t;
                _targets[scored] = sequence[t + 1];
            }
        }
        return scored;
    }

    private static void Scatter(GraphOutputs outputs, ReadOnlySpan<Window> windows, int tokens)
    {
        int scored = 0;
        int channels = outputs.Hidden.Length / (windows.Length * tokens);
        for (int row = 0; row < windows.Length; row++)
        {
            Window window = windows[row];
            lock (window.Text) // Another of its windows may be in a batch that runs beside this one.
            {
                window.Text.Scored.Take(outputs, window, scored);
                scored += window.ScoredCount;
                if (channels > 0)
                    window.Text.Scored.TakeHidden(outputs.Hidden.Slice(row * tokens * channels, window.Length * channels), channels, window);
            }
        }
    }
}
