using System.Numerics.Tensors;

namespace Mhc.MLNet.Generation;

/// <summary>Which token comes next: pure functions of the logits, the options and a number that was drawn; as in the trainer.</summary>
internal static class Sampling
{
    /// <param name="logits">(V)</param>
    /// <param name="options">Temperature, top-k and top-p.</param>
    /// <param name="uniform">A number from 0 to below 1.</param>
    /// <exception cref="ArithmeticException">The logits are no numbers.</exception>
    public static int Next(ReadOnlySpan<float> logits, MhcGenerationOptions options, double uniform)
    {
        float highest = TensorPrimitives.Max(logits);
        if (!float.IsFinite(highest))
            throw new ArithmeticException("The model's logits are not finite: its weights or sums overflow. Export an earlier checkpoint.");
        if (options.Temperature == 0 || options.TopK == 1)
            return TensorPrimitives.IndexOfMax(logits);

        int most = Math.Min(options.TopK ?? int.MaxValue, logits.Length);
        // The likeliest tokens suffice almost always, and sorting a whole vocabulary takes longer than a step of a small model.
        for (double depth = 16; ; depth *= 4)
        {
            List<Candidate> candidates = Likeliest(logits, highest, highest - depth * options.Temperature, options.Temperature);
            bool complete = candidates.Count >= most;
            if (!complete && most < logits.Length)
                continue;
            if (complete)
                candidates.RemoveRange(most, candidates.Count - most);
            double mass = complete ? candidates.Sum(candidate => candidate.Weight) : Mass(logits, highest, options.Temperature);
            if (Draw(candidates, mass, options.TopP, uniform) is int token)
                return token;
            if (complete)
                return candidates[^1].Token; // Where rounding left the sum a little below the mass.
        }
    }

    /// <summary>Tokens that were there already become less likely.</summary>
    public static void Penalize(Span<float> logits, IEnumerable<int> seen, double penalty)
    {
        foreach (int token in seen)
            logits[token] = (float)(logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty);
    }

    /// <summary>A number from 0 to below 1 for each seed, text and position, so that no state has to be kept.</summary>
    public static double Uniform(int seed, int text, int position)
    {
        ulong stream = Mix(((ulong)seed << 32) ^ (uint)text);
        ulong bits = Mix(stream + ((ulong)position * 0x9E3779B97F4A7C15));
        return (bits >> 11) * (1.0 / (1L << 53)); // 53 bits: all that a double has.
    }

    // Those from the least logit on, likeliest first; of two as likely ones the lower id is first.
    private static List<Candidate> Likeliest(ReadOnlySpan<float> logits, float highest, double least, double temperature)
    {
        var candidates = new List<Candidate>();
        for (int token = 0; token < logits.Length; token++)
            if (logits[token] >= least)
                candidates.Add(new(token, logits[token], Math.Exp(((double)logits[token] - highest) / temperature)));
        candidates.Sort(static (a, b) => a.Logit == b.Logit ? a.Token.CompareTo(b.Token) : b.Logit.CompareTo(a.Logit));
        return candidates;
    }

    private static double Mass(ReadOnlySpan<float> logits, float highest, double temperature)
    {
        double mass = 0;
        foreach (float logit in logits)
            mass += Math.Exp(((double)logit - highest) / temperature);
        return mass;
    }

    // Keeps the smallest head whose share of the mass is at least p, and cuts it at the drawn number. Null where the candidates end before.
    private static int? Draw(List<Candidate> candidates, double mass, double p, double uniform)
    {
        double kept = mass;
        if (p < 1)
        {
            kept = 0;
            foreach (Candidate candidate in candidates)
                if (kept < p * mass)
                    kept += candidate.Weight;
            if (kept < p * mass)
                return null;
        }
        double passed = 0;
        foreach (Candidate candidate in candidates)
        {
            passed += candidate.Weight;
            if (uniform * kept < passed || passed >= kept)
                return candidate.Token;
        }
        return null;
    }

    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes half of the output's.
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private readonly record struct Candidate(int Token, float Logit, double Weight);
}
