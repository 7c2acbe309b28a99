using System.Buffers;

namespace Mhc.Training;

/// <summary>
/// The tokens of several shards. A window lies within one shard: what follows a shard's end is not what followed in the text.
/// </summary>
internal sealed class ShardedTokens(IReadOnlyList<ShardFile> shards, int vocabSize) : TokenSequence
{
    public override long Length => shards.Sum(shard => (long)shard.Length);

    public override long LongestRun => shards.Max(shard => shard.Length);

    public override long WindowCount(int length) => shards.Sum(shard => WindowCount(shard, length));

    /// <exception cref="InvalidDataException">A token of the window is beyond the vocabulary.</exception>
    public override void ReadWindow(long number, Span<int> window)
    {
        foreach (ShardFile shard in shards)
        {
            long count = WindowCount(shard, window.Length);
            if (number < count)
            {
                Read(shard, (int)number, window);
                return;
            }
            number -= count;
        }
        throw new ArgumentOutOfRangeException(nameof(number));
    }

    private static long WindowCount(ShardFile shard, int length) => Math.Max(0, shard.Length - length + 1);

    private void Read(ShardFile shard, int start, Span<int> window)
    {
        ushort[] rented = ArrayPool<ushort>.Shared.Rent(window.Length);
        Span<ushort> tokens = rented.AsSpan(0, window.Length);
        shard.Read(start, tokens);
        for (int i = 0; i < window.Length; i++)
        {
            if (tokens[i] >= vocabSize)
            {
                throw new InvalidDataException($"{shard.Path}: token {start + i} is {tokens[i]}, expected an id below {vocabSize}, "
                    + "the size of the tokenizer's vocabulary. The file is damaged, or made with another tokenizer than the one given.");
            }
            window[i] = tokens[i];
        }
        ArrayPool<ushort>.Shared.Return(rented);
    }
}
