namespace Mhc.MLNet.Tests.Kit;

/// <summary>What becomes of files: bits flip, the end is missing, a piece is random or a piece of elsewhere.</summary>
internal static class Damage
{
    private const int Edge = 4096;

    /// <summary>A damaged copy, always the same for a seed.</summary>
    public static byte[] Of(byte[] whole, int seed)
    {
        var random = new Random(seed);
        byte[] damaged = [.. whole];
        do
        {
            switch (random.Next(4))
            {
                case 0:
                    for (int bits = random.Next(1, 9); bits > 0; bits--)
                        damaged[At()] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    return damaged[..random.Next(damaged.Length)];
                case 2:
                    random.NextBytes(Piece(damaged, At(), 64));
                    break;
                default:
                    Span<byte> target = Piece(damaged, At(), 256), source = Piece(whole, At(), target.Length);
                    source.CopyTo(target);
                    break;
            }
        }
        while (damaged.AsSpan().SequenceEqual(whole));
        return damaged;

        // Beginning and end hold the structure, between them are weights.
        int At() => random.Next(3) switch
        {
            0 => random.Next(damaged.Length),
            1 => random.Next(Math.Min(Edge, damaged.Length)),
            _ => damaged.Length - 1 - random.Next(Math.Min(Edge, damaged.Length)),
        };

        Span<byte> Piece(byte[] of, int start, int longest) => of.AsSpan(start, Math.Min(random.Next(1, longest + 1), of.Length - start));
    }
}
