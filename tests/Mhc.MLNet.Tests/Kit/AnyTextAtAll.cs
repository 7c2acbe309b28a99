namespace Mhc.MLNet.Tests.Kit;

/// <summary>Texts of all kinds and lengths, the same ones from the same seed.</summary>
internal static class AnyTextAtAll
{
    private const int LongOneIn = 10_000, LongLength = 100_000;

    /// <summary>
    /// Any UTF-16, lone surrogates included; lengths from 0 to 199 whose logarithms are as likely as each other, 37 on average. One in ten
    /// thousand has a hundred thousand characters.
    /// </summary>
    public static IEnumerable<string> Draw(int count, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            int length = i % LongOneIn == LongOneIn / 2 ? LongLength : (int)Math.Pow(200, random.NextDouble()) - (random.Next(50) == 0 ? 1 : 0);
            // One text has one kind of characters, or a character at a time any of them.
            int kind = random.Next(6);
            yield return string.Create(length, (random, kind), static (characters, how) =>
            {
                for (int at = 0; at < characters.Length; at++)
                    characters[at] = Character(how.random, how.kind == 5 ? how.random.Next(5) : how.kind);
            });
        }
    }

    private static char Character(Random random, int kind) => (char)(kind switch
    {
        0 => random.Next('a', 'z' + 1),
        1 => random.Next(' '), // Control characters.
        2 => random.Next(0x80, 0x3000),
        3 => random.Next(0xD800, 0xE000), // Halves of pairs, some of which meet the other half.
        _ => random.Next(0x10000),
    });
}
