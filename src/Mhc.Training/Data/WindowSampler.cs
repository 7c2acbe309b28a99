using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// Which windows of the token stream a batch holds: pure functions of the seed and the step, so that there is no state to save.
/// </summary>
internal static class WindowSampler
{
    /// <summary>Uniformly random numbers of windows, <paramref name="count"/> of them.</summary>
    /// <param name="windows">How many windows there are.</param>
    public static long[] Random(int seed, long step, int count, long windows)
    {
        long[] numbers = new long[count];
        ulong state = ((ulong)seed << 32) ^ Mix((ulong)step);
        for (int i = 0; i < count; i++)
        {
            state += 0x9E3779B97F4A7C15;
            // The high half of a 128-bit product maps 64 random bits to [0, range) without a visible bias.
            numbers[i] = (long)Math.BigMul(Mix(state), (ulong)windows, out _);
        }
        return numbers;
    }

    /// <summary>At most <paramref name="most"/> windows spread evenly, overlapping only where there are too few.</summary>
    public static long[] Even(int most, long windows, int blockSize)
    {
        long last = windows - 1;
        int count = (int)Math.Min(most, (last / blockSize) + 1);
        return [.. Enumerable.Range(0, count).Select(i => count == 1 ? 0 : (long)((Int128)last * i / (count - 1)))];
    }

    /// <summary>(B, T) tokens and (B, T) targets, the token after each.</summary>
    public static (Tensor Tokens, Tensor Targets) Batch(TokenSequence tokens, ReadOnlySpan<long> windows, int blockSize, Device device)
    {
        long[] inputs = new long[windows.Length * blockSize], targets = new long[windows.Length * blockSize];
        Fill(tokens, windows, inputs, targets);
        return (tensor(inputs, [windows.Length, blockSize]).to(device), tensor(targets, [windows.Length, blockSize]).to(device));
    }

    /// <summary>The tokens and the targets of a batch, row after row.</summary>
    public static void Fill(TokenSequence tokens, ReadOnlySpan<long> windows, Span<long> inputs, Span<long> targets)
    {
        int blockSize = inputs.Length / windows.Length;
        int[] window = new int[blockSize + 1];
        for (int row = 0; row < windows.Length; row++)
        {
            tokens.ReadWindow(windows[row], window);
            for (int t = 0; t < blockSize; t++)
                (inputs[(row * blockSize) + t], targets[(row * blockSize) + t]) = (window[t], window[t + 1]);
        }
    }

    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes half of the output's.
    internal static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
