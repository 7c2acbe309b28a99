using System.Text;
using CsCheck;

namespace Mhc.MLNet.Tests.Kit;

/// <summary>Texts that tests draw: any UTF-16, which includes lone surrogates.</summary>
internal static class AnyText
{
    public static Gen<string> OfLength(int from, int to) =>
        Gen.Frequency((3, Gen.Char['a', 'z']), (1, Gen.Char), (1, Gen.Char['\uD800', '\uDFFF']))
            .Array[from, to].Select(chars => new string(chars));

    /// <summary>Whether the two, one behind the other, have the characters that they have alone: no surrogates that become a pair.</summary>
    public static bool StayApart(string first, string second) =>
        first.Length == 0 || second.Length == 0 || !char.IsSurrogatePair(first[^1], second[0]);

    /// <summary>UTF-8, and for a lone surrogate the three bytes that UTF-8 would have for its number.</summary>
    public static byte[] Bytes(string text)
    {
        var bytes = new List<byte>();
        for (int i = 0; i < text.Length; i++)
        {
            if (Rune.TryGetRuneAt(text, i, out Rune rune))
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
                i += rune.Utf16SequenceLength - 1;
            }
            else
            {
                bytes.AddRange([0xED, (byte)(0x80 | ((text[i] >> 6) & 0x3F)), (byte)(0x80 | (text[i] & 0x3F))]);
            }
        }
        return [.. bytes];
    }
}
