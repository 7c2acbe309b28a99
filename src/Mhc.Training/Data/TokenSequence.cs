namespace Mhc.Training;

/// <summary>Token ids of which windows are read: an array, or the memory-mapped shards of a folder.</summary>
internal abstract class TokenSequence
{
    /// <summary>Tokens in all.</summary>
    public abstract long Length { get; }

    /// <summary>Tokens in the longest stretch that a window may lie in.</summary>
    public abstract long LongestRun { get; }

    /// <summary>How many windows of <paramref name="length"/> tokens there are; 0 where none fits.</summary>
    public abstract long WindowCount(int length);

    /// <summary>Reads the window of a number from 0 to <see cref="WindowCount"/> of its length, exclusive. Thread-safe.</summary>
    public abstract void ReadWindow(long number, Span<int> window);
}

/// <summary>Token ids in memory.</summary>
internal sealed class TokenArray(int[] tokens) : TokenSequence
{
    public override long Length => tokens.Length;

    public override long LongestRun => tokens.Length;

    public override long WindowCount(int length) => Math.Max(0, tokens.Length - length + 1);

    public override void ReadWindow(long number, Span<int> window) => tokens.AsSpan((int)number, window.Length).CopyTo(window);
}
