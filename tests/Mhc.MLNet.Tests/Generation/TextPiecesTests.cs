using System.Text;
using CsCheck;
using Mhc.MLNet.Generation;

namespace Mhc.MLNet.Tests.Generation;

public class PiecesOfText
{
    /// <summary>Whatever bytes come, in whatever cuts, the pieces are whole characters and together what the bytes are at once.</summary>
    [Fact]
    public void HaveNoPartsOfCharacters() => Gen.Select(Gen.String, Gen.Byte.Array[0, 4], Gen.Int[1, 5]).Sample((text, noise, cut) =>
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(text), .. noise, .. "end"u8];
        string[] pieces = [.. Pieces([], bytes.Chunk(cut))];
        Assert.Equal(Encoding.UTF8.GetString(bytes), string.Concat(pieces));
        Assert.All(pieces, piece => Assert.True(piece.Length == 0 || (!char.IsLowSurrogate(piece[0]) && !char.IsHighSurrogate(piece[^1]))));
    });

    [Fact]
    public void LeaveAnUnfinishedCharacterOut() =>
        Assert.Equal(["a", "€", "", ""], Pieces([], [[(byte)'a', 0xE2], [0x82, 0xAC], [0xF0, 0x9F], [0x98]]));

    /// <summary>The stop text that is complete first ends the text, wherever the pieces cut it.</summary>
    [Fact]
    public void EndBeforeTheFirstStopText() =>
        Gen.Select(Gen.Char["ab"].Array[0, 12], Gen.Char["ab"].Array[1, 4].Array[1, 3], Gen.Int[1, 5]).Sample((characters, endings, cut) =>
        {
            string text = new(characters);
            string[] stops = [.. endings.Select(ending => new string(ending))];
            int end = Enumerable.Range(1, text.Length).FirstOrDefault(end => stops.Any(stop => text[..end].EndsWith(stop)), -1);
            string expected = end < 0 ? text : text[..stops.Where(stop => text[..end].EndsWith(stop)).Min(stop => end - stop.Length)];

            IEnumerable<byte[]> pieces = characters.Chunk(cut).Select(piece => Encoding.UTF8.GetBytes(piece));

            Assert.Equal(expected, string.Concat(Pieces(stops, pieces)));
        }, iter: 2000);

    /// <summary>Only what may be the beginning of a stop text is held back.</summary>
    [Fact]
    public void ComeAsSoonAsTheyCan() => Assert.Equal(["on", "e", "", "-t", "wo", "", "--"],
        Pieces(["---", "###"], [.. new[] { "on", "e", "-", "t", "wo", "--" }.Select(Encoding.UTF8.GetBytes)]));

    // As a text takes them: until a stop text, else with what was held back.
    private static IEnumerable<string> Pieces(string[] stops, IEnumerable<byte[]> tokens)
    {
        var pieces = new TextPieces(stops);
        foreach (byte[] token in tokens)
        {
            yield return pieces.Add(token);
            if (pieces.Stopped)
                yield break;
        }
        if (pieces.Rest() is { Length: > 0 } rest)
            yield return rest;
    }
}
