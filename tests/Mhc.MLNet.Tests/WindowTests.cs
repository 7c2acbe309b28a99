using CsCheck;
using Mhc.MLNet.Scoring;

namespace Mhc.MLNet.Tests;

public class Windows
{
    /// <summary>Positions of a text, and the context length.</summary>
    private static readonly Gen<(int Positions, int Context)> Lengths = Gen.Select(Gen.Int[0, 200], Gen.Int[1, 33]);

    [Fact]
    public void ScoreEachPositionOnceAndInOrder() => Lengths.Sample(lengths =>
        Assert.Equal(Enumerable.Range(0, lengths.Positions),
            Cut(lengths).SelectMany(w => Enumerable.Range(w.Start + w.FirstScored, w.ScoredCount))));

    [Fact]
    public void StayWithinTheTextAndTheContext() => Lengths.Sample(lengths =>
        Assert.All(Cut(lengths), w => Assert.True(
            w.Start >= 0 && w.Length <= lengths.Context && w.Start + w.Length <= lengths.Positions && w.ScoredCount > 0)));

    [Fact]
    public void GiveWhatTheyScoreHalfAContextOrAllThatThereIs() => Lengths.Sample(lengths =>
        Assert.All(Cut(lengths), w => Assert.True(w.Start == 0 || w.FirstScored >= lengths.Context / 2)));

    [Fact]
    public void AreFullWhereTheTextIsLongEnough() => Lengths.Sample(lengths =>
        Assert.All(Cut(lengths), w => Assert.Equal(Math.Min(lengths.Context, lengths.Positions), w.Length)));

    [Theory]
    [InlineData(16, "0+16")]
    [InlineData(17, "0+16 1+16")]
    [InlineData(24, "0+16 8+16")]
    [InlineData(25, "0+16 8+16 9+16")]
    public void ChangeInNumberAtTheseLengths(int positions, string expected) =>
        Assert.Equal(expected, string.Join(' ', Cut((positions, 16)).Select(w => $"{w.Start}+{w.Length}")));

    private static List<Window> Cut((int Positions, int Context) lengths) =>
        [.. Window.Cut(new EncodedText(new int[lengths.Positions + 1], 0, 0), lengths.Context)];
}
