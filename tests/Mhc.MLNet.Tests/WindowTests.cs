using CsCheck;
using Mhc.MLNet.Scoring;

namespace Mhc.MLNet.Tests;

public class Windows
{
    private static readonly Gen<Positions> Cases =
        from positions in Gen.Int[0, 200]
        from context in Gen.Int[1, 33]
        from stride in Gen.Int[1, context]
        from before in Gen.Frequency((2, Gen.Const(0)), (1, Gen.Int[0, positions]))
        select new Positions(positions, context, stride, before);

    [Fact]
    public void ScoreEachPositionOnceAndInOrder() => Cases.Sample(c =>
        Assert.Equal(Enumerable.Range(c.Before, c.Count - c.Before),
            Cut(c).SelectMany(w => Enumerable.Range(w.Start + w.FirstNew, w.ScoredCount))));

    [Fact]
    public void StayWithinTheTextAndTheContext() => Cases.Sample(c =>
        Assert.All(Cut(c), w => Assert.True(
            w.Start >= 0 && w.Length <= c.Context && w.Start + w.Length <= c.Count && w.ScoredCount > 0)));

    [Fact]
    public void GiveWhatTheyScoreWhatTheStrideLeavesOrAllThatThereIs() => Cases.Sample(c =>
        Assert.All(Cut(c).Skip(1), w => Assert.True(w.FirstNew >= c.Context - c.Stride)));

    /// <summary>As lm-evaluation-harness does: what is before the text gives way to the text.</summary>
    [Fact]
    public void BeginWithAsMuchOfTheTextAsTheFirstCanHold() => Cases.Where(c => c.Before < c.Count).Sample(c =>
        Assert.Equal(Math.Min(c.Context, c.Count - c.Before), Cut(c)[0].ScoredCount));

    [Fact]
    public void AreFullWhereTheTextIsLongEnough() => Cases.Sample(c =>
        Assert.All(Cut(c), w => Assert.Equal(Math.Min(c.Context, w.Start + w.Length), w.Length)));

    [Theory]
    [InlineData(16, 8, 0, "0+16")]
    [InlineData(17, 8, 0, "0+16 1+16")]
    [InlineData(24, 8, 0, "0+16 8+16")]
    [InlineData(25, 8, 0, "0+16 8+16 9+16")]
    [InlineData(25, 16, 0, "0+16 9+16")]
    [InlineData(25, 4, 0, "0+16 4+16 8+16 9+16")]
    [InlineData(16, 8, 10, "0+16")]
    [InlineData(25, 8, 20, "9+16")]
    [InlineData(25, 8, 2, "2+16 9+16")]
    public void Are(int positions, int stride, int before, string expected) => Assert.Equal(
        expected, string.Join(' ', Cut(new(positions, 16, stride, before)).Select(w => $"{w.Start}+{w.Length}")));

    [Fact]
    public void ScoreTheSameWhereTheStateBehindTheLastTokenIsAskedForToo() => Cases.Sample(c =>
    {
        List<Window> windows = Cut(c, MhcDetails.HiddenLast);
        Assert.Equal(Cut(c).Select(w => (w.Start, w.FirstNew, w.ScoredCount)),
            windows.Where(w => w.ScoredCount > 0).Select(w => (w.Start, w.FirstNew, w.ScoredCount)));
        Assert.All(windows, w => Assert.True(w.Start >= 0 && w.Length <= c.Context));
        Assert.Equal(c.Count + 1, windows[^1].Start + windows[^1].Length);
        Assert.Equal(Enumerable.Range(c.Before, c.Count + 1 - c.Before),
            windows.SelectMany(w => Enumerable.Range(w.Start + w.FirstNew, w.Length - w.FirstNew)));
    });

    private static List<Window> Cut(Positions c, MhcDetails details = MhcDetails.None) => [.. Window.Cut(
        new EncodedText
        {
            Source = "",
            Details = details,
            Sequence = new int[c.Count + 1],
            FirstOfText = c.Before + 1,
            UnknownCount = 0,
            ByteCount = 0,
        }, c.Context, c.Stride)];

    /// <summary>A text with so many positions, the first ones the context's.</summary>
    public sealed record Positions(int Count, int Context, int Stride, int Before);
}
