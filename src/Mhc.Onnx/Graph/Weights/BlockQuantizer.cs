namespace Mhc.Onnx;

/// <summary>
/// Weights as codes of 8 or 4 bits, with a scale and a zero point for each block in a row: weight ≈ (code − zero point) · scale.
/// The layout is that of com.microsoft MatMulNBits. The last block of a row is filled up with zeros.
/// </summary>
internal sealed class BlockQuantizer(int bits, int blockSize)
{
    /// <summary>
    /// Blocks of 32, which 4 bits need; with 8 bits of 64 or 128 where a row is whole blocks of them: faster and smaller, and what it adds
    /// to the error is nothing beside x's own 8 bits.
    /// </summary>
    public static BlockQuantizer Of(int bits, int columns) =>
        new(bits, bits == 4 || columns % 64 != 0 ? 32 : columns % 128 != 0 ? 64 : 128);

    public int Bits => bits;

    public int BlockSize => blockSize;

    public int Blocks(int columns) => (columns + blockSize - 1) / blockSize;

    /// <summary>The bytes of a block's codes.</summary>
    public int CodeBytes => blockSize * bits / 8;

    /// <summary>The bytes of a row's zero points: two of 4 bits share one, the even block's in the low half.</summary>
    public int ZeroPointBytes(int columns) => (Blocks(columns) * bits + 7) / 8;

    /// <summary>The codes of a row; two of 4 bits share a byte, the even column's in the low half.</summary>
    public void Codes(ReadOnlySpan<float> row, Span<byte> codes)
    {
        for (int block = 0; block < Blocks(row.Length); block++)
        {
            ReadOnlySpan<float> values = Block(row, block);
            (float scale, int zeroPoint) = Fit(values);
            Span<byte> packed = codes.Slice(block * CodeBytes, CodeBytes);
            packed.Clear();
            for (int i = 0; i < blockSize; i++)
                Put(packed, i, i < values.Length ? Code(values[i], scale, zeroPoint) : zeroPoint);
        }
    }

    public void Scales(ReadOnlySpan<float> row, Span<float> scales)
    {
        for (int block = 0; block < scales.Length; block++)
            scales[block] = Fit(Block(row, block)).Scale;
    }

    public void ZeroPoints(ReadOnlySpan<float> row, Span<byte> zeroPoints)
    {
        zeroPoints.Clear();
        for (int block = 0; block < Blocks(row.Length); block++)
            Put(zeroPoints, block, Fit(Block(row, block)).ZeroPoint);
    }

    private int LargestCode => (1 << bits) - 1;

    private ReadOnlySpan<float> Block(ReadOnlySpan<float> row, int block) =>
        row[(block * blockSize)..Math.Min((block + 1) * blockSize, row.Length)];

    // From the smallest value to the largest and over zero, which is exact. Divided before they are subtracted: the difference of two
    // floats may not be one.
    private (float Scale, int ZeroPoint) Fit(ReadOnlySpan<float> values)
    {
        float smallest = 0, largest = 0;
        foreach (float value in values)
        {
            smallest = Math.Min(smallest, value);
            largest = Math.Max(largest, value);
        }
        float scale = largest / LargestCode - smallest / LargestCode;
        return scale == 0 ? (1, 0) : (scale, Code(0 - smallest, scale, 0));
    }

    private int Code(float value, float scale, int zeroPoint) =>
        (int)Math.Clamp(MathF.Round(value / scale) + zeroPoint, 0, LargestCode);

    private void Put(Span<byte> packed, int i, int code)
    {
        if (bits == 8)
            packed[i] = (byte)code;
        else
            packed[i / 2] |= (byte)(code << (i % 2 * 4));
    }
}
