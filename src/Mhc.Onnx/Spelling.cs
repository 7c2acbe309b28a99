namespace Mhc.Onnx;

internal static class Spelling
{
    /// <summary>The word that a misspelt one is most like, or null where none is within three typing mistakes.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        (string candidate, int distance) = known.Select(candidate => (candidate, Distance(word, candidate))).MinBy(pair => pair.Item2);
        return distance <= 3 ? candidate : null;
    }

    // Levenshtein's: characters put in, left out or exchanged.
    private static int Distance(string from, string to)
    {
        int[] above = [.. Enumerable.Range(0, to.Length + 1)];
        foreach (char character in from)
        {
            int[] row = [above[0] + 1, .. above[1..]];
            for (int j = 0; j < to.Length; j++)
                row[j + 1] = Math.Min(above[j] + (character == to[j] ? 0 : 1), 1 + Math.Min(above[j + 1], row[j]));
            above = row;
        }
        return above[^1];
    }
}
