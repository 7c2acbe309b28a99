namespace Mhc.Training;

/// <summary>Which token comes next: pure functions of the logits, the options and a number that was drawn.</summary>
internal static class Sampling
{
    /// <summary>The tokens that may be drawn, likeliest first, with probabilities that sum to 1.</summary>
    /// <param name="Tokens">Ids; of two as likely ones the lower is first.</param>
    public readonly record struct Candidates(int[] Tokens, double[] Probabilities);

    /// <param name="logits">(V)</param>
    /// <param name="uniform">A number from 0 to below 1.</param>
    /// <exception cref="ArithmeticException">The logits are no numbers.</exception>
    public static int Next(float[] logits, GenerationOptions options, double uniform)
    {
        Candidates candidates = Among(logits, options);
        double passed = 0;
        for (int i = 0; i < candidates.Tokens.Length; i++)
        {
            passed += candidates.Probabilities[i];
            if (uniform < passed)
                return candidates.Tokens[i];
        }
        return candidates.Tokens[^1]; // Where rounding left the sum a little below 1.
    }

    /// <summary>Divides by the temperature, keeps the top k, and of those the smallest head whose mass is at least p.</summary>
    public static Candidates Among(float[] logits, GenerationOptions options)
    {
        float highest = logits.Max();
        if (!float.IsFinite(highest) || logits.Any(float.IsNaN))
            throw new ArithmeticException("The model's logits are not finite: its weights or sums overflow. Take an earlier checkpoint.");
        if (options.Temperature == 0)
            return new([Array.IndexOf(logits, highest)], [1]);

        int[] tokens = [.. Enumerable.Range(0, logits.Length)];
        Array.Sort(tokens, (a, b) => logits[a] == logits[b] ? a.CompareTo(b) : logits[b].CompareTo(logits[a]));
        Array.Resize(ref tokens, Math.Min(options.TopK ?? int.MaxValue, tokens.Length));
        double[] probabilities = Normalized([.. tokens.Select(token => Math.Exp(((double)logits[token] - highest) / options.Temperature))]);

        int kept = 0;
        for (double mass = 0; kept < tokens.Length && (kept == 0 || mass < options.TopP); kept++)
            mass += probabilities[kept];
        return new(tokens[..kept], Normalized(probabilities[..kept]));
    }

    /// <summary>A number from 0 to below 1 for each seed, sample and position, so that no state has to be kept.</summary>
    public static double Uniform(int seed, int sample, int position)
    {
        ulong stream = WindowSampler.Mix(((ulong)seed << 32) ^ (uint)sample);
        ulong bits = WindowSampler.Mix(stream + ((ulong)position * 0x9E3779B97F4A7C15));
        return (bits >> 11) * (1.0 / (1L << 53)); // 53 bits: all that a double has.
    }

    private static double[] Normalized(double[] weights)
    {
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }
}
