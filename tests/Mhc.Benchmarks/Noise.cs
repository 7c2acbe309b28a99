namespace Mhc.Benchmarks;

/// <summary>Weights and inputs, the same each time.</summary>
internal static class Noise
{
    /// <summary>Values from −<paramref name="size"/> to <paramref name="size"/>.</summary>
    public static float[] Of(long count, float size)
    {
        var random = new Random(1);
        var values = new float[count];
        foreach (ref float value in values.AsSpan())
            value = size * (2 * random.NextSingle() - 1);
        return values;
    }
}
