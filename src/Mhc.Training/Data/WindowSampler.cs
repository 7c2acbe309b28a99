using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// Which windows of the token stream a batch holds: pure functions of the seed and the step, so that there is no state to save.
/// </summary>
internal static class WindowSampler
{
    /// <summary>Uniformly random starts of windows of <paramref name="blockSize"/> + 1 tokens.</summary>
    public static int[] RandomStarts(int seed, long step, int count, int tokens, int blockSize)
    {
        int[] starts = new int[count];
        ulong state = ((ulong)seed << 32) ^ Mix((ulong)step);
        for (int i = 0; i < count; i++)
        {
            state += 0x9E3779B97F4A7C15;
            // The high half of a 128-bit product maps 64 random bits to [0, range) without a visible bias.
            starts[i] = (int)Math.BigMul(Mix(state), (ulong)(tokens - blockSize), out _);
        }
        return starts;
    }

    /// <summary>At most <paramref name="most"/> windows spread evenly over the tokens, overlapping only where there are too few.</summary>
    public static int[] EvenStarts(int most, int tokens, int blockSize)
    {
        int last = tokens - blockSize - 1;
        int count = Math.Min(most, (last / blockSize) + 1);
        return [.. Enumerable.Range(0, count).Select(i => count == 1 ? 0 : (int)((long)last * i / (count - 1)))];
    }

    /// <summary>(B, T) tokens and (B, T) targets, the token after each.</summary>
    public static (Tensor Tokens, Tensor Targets) Batch(int[] tokens, ReadOnlySpan<int> starts, int blockSize, Device device)
    {
        long[] inputs = new long[starts.Length * blockSize], targets = new long[starts.Length * blockSize];
        for (int i = 0; i < inputs.Length; i++)
        {
            int at = starts[i / blockSize] + (i % blockSize);
            (inputs[i], targets[i]) = (tokens[at], tokens[at + 1]);
        }
        return (tensor(inputs, [starts.Length, blockSize]).to(device), tensor(targets, [starts.Length, blockSize]).to(device));
    }

    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes half of the output's.
    internal static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
