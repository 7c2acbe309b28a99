using Mhc.Training;

namespace Mhc.Cli.Verify;

/// <summary>What a graph is run on: sequences of equal length.</summary>
/// <param name="Name">How the report calls them.</param>
internal sealed record TestTokens(string Name, int[][] Sequences)
{
    /// <summary>Seeded: the same in every run.</summary>
    public static TestTokens Random(int count, MhcConfig config)
    {
        var random = new Random(1);
        return new("random tokens", Sequence(count, config.BlockSize, _ => random.Next(config.VocabSize)));
    }

    /// <summary>The first tokens of a file of UTF-8 text, behind the id that stands before a text.</summary>
    /// <exception cref="InvalidDataException">The text has no token that the tokenizer knows.</exception>
    public static TestTokens OfText(int count, MhcConfig config, TextTokenizer tokenizer, string path)
    {
        // A token is a byte at least, or a line end.
        IEnumerable<int> ids = TextLines.Read(path).Take(count).SelectMany(line => tokenizer.Encode($"{line}\n"));
        int[] tokens = [.. tokenizer.PrefixTokenId is { } prefix ? [prefix] : Array.Empty<int>(), .. ids.Take(count)];
        return tokens.Length > 1 ? new(Path.GetFileName(path), Sequence(Math.Min(count, tokens.Length), config.BlockSize, at => tokens[at]))
            : throw new InvalidDataException($"{path}: no token that the model's tokenizer knows. Expected text like the model's own.");
    }

    // Two sequences, so that one which reads of the other is seen; more where the context is shorter.
    private static int[][] Sequence(int count, int blockSize, Func<int, int> token)
    {
        int length = Math.Clamp(count / 2, 1, blockSize);
        return [.. Enumerable.Range(0, Math.Max(1, count / length)).Select(
            sequence => Enumerable.Range(sequence * length, length).Select(token).ToArray())];
    }
}
