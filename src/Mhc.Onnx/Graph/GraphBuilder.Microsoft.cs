namespace Mhc.Onnx;

/// <summary>The operators beyond the standard that ONNX Runtime has, for weights in blocks of codes; zero points are one a block.</summary>
internal sealed partial class GraphBuilder
{
    public const string Microsoft = "com.microsoft";

    public const int MicrosoftOpset = 1;

    // x too in blocks of 8 bits: what is fast.
    private const int AccuracyLevel = 4;

    /// <summary>x · weightᵀ, with codes (out, blocks, bytes), scales (out, blocks) and zero points (out, bytes).</summary>
    /// <param name="columns">The columns of the weights, which their last blocks may go beyond.</param>
    public Value MatMulNBits(Value x, Value codes, Value scales, Value zeroPoints, int columns, int bits, int blockSize)
    {
        Require(x.Rank == 2 && x.Shape[1] == columns && codes.Rank == 3 && codes.Shape[0] == scales.Shape[0], "MatMulNBits", x, codes);
        return Node("MatMulNBits", null, [x, codes, scales, zeroPoints], x.Type, [[x.Shape[0], codes.Shape[0]]],
        [
            Attribute("K", columns), Attribute("N", codes.Shape[0].Size), Attribute("bits", bits), Attribute("block_size", blockSize),
            Attribute("accuracy_level", AccuracyLevel),
        ], Microsoft)[0];
    }

    /// <summary>Rows of codes (rows, blocks · bytes) as floats, the last block whole.</summary>
    public Value GatherBlockQuantized(Value codes, Value rows, Value scales, Value zeroPoints, int bits, int blockSize, string? name = null)
    {
        Require(codes.Rank == 2 && scales.Rank == 2 && codes.Shape[0] == scales.Shape[0], "GatherBlockQuantized", codes, scales);
        int columns = (int)scales.Shape[1].Size * blockSize;
        return Node("GatherBlockQuantized", name, [codes, rows, scales, zeroPoints], scales.Type, [[.. rows.Shape, columns]],
        [
            Attribute("bits", bits), Attribute("block_size", blockSize), Attribute("gather_axis", 0), Attribute("quantize_axis", 1),
        ], Microsoft)[0];
    }
}
