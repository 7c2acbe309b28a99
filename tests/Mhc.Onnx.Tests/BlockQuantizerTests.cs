using CsCheck;

namespace Mhc.Onnx.Tests;

public class BlockQuantizerTests
{
    private static readonly Gen<(int Bits, int BlockSize, float[] Row)> Any =
        from bits in Gen.OneOf(Gen.Const(4), Gen.Const(8))
        from size in Gen.OneOf(Gen.Const(32), Gen.Const(64), Gen.Const(128))
        from offset in Gen.Float[-1, 1]
        from exponent in Gen.Int[-40, 37]
        from row in Gen.Float[-1, 1].Array[1, 200]
        select (bits, size, Array.ConvertAll(row, value => (value + offset) * MathF.Pow(10, exponent)));

    [Fact]
    public void EveryWeightIsWithinHalfAStepAndTheRestIsZero() => Any.Sample((bits, size, row) =>
    {
        var quantizer = new BlockQuantizer(bits, size);
        int blocks = quantizer.Blocks(row.Length);
        var codes = new byte[blocks * quantizer.CodeBytes];
        var scales = new float[blocks];
        var zeroPoints = new byte[quantizer.ZeroPointBytes(row.Length)];
        Array.Fill(codes, (byte)0xAA); // What stands in a reused buffer.
        Array.Fill(zeroPoints, (byte)0xAA);

        quantizer.Codes(row, codes);
        quantizer.Scales(row, scales);
        quantizer.ZeroPoints(row, zeroPoints);

        for (int i = 0; i < blocks * size; i++)
        {
            double scale = scales[i / size], weight = (Get(codes, i) - Get(zeroPoints, i / size)) * scale;
            // The zero point is a whole number: at the ends of a block's range that costs another half a step.
            bool atTheEnd = Get(codes, i) is 0 || Get(codes, i) == (1 << bits) - 1;
            Assert.InRange(weight - (i < row.Length ? row[i] : 0), -Step(atTheEnd), Step(atTheEnd));

            double Step(bool end) => i < row.Length ? scale * (end ? 1.001 : 0.501) + float.Epsilon : 0;
        }

        int Get(byte[] packed, int i) => bits == 8 ? packed[i] : (packed[i / 2] >> (i % 2 * 4)) & 15;
    });

    [Theory]
    [InlineData(8, 20, 32)]
    [InlineData(8, 150, 32)]
    [InlineData(8, 192, 64)]
    [InlineData(8, 384, 128)]
    [InlineData(4, 384, 32)]
    public void BlocksAreAsLongAsTheBitsAndTheRowAllow(int bits, int columns, int expected) =>
        Assert.Equal(expected, BlockQuantizer.Of(bits, columns).BlockSize);
}
