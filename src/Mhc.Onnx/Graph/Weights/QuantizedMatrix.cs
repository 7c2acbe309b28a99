namespace Mhc.Onnx;

/// <summary>
/// Weights in blocks of codes. A product takes them as they are, with x in blocks of 8 bits too; a row that is looked up becomes floats.
/// </summary>
/// <remarks>R rows, C columns, K blocks in a row, D bytes of a block's codes.</remarks>
internal sealed class QuantizedMatrix : IMatrix
{
    private readonly GraphBuilder _g;
    private readonly BlockQuantizer _quantizer;
    private readonly int _rows, _columns;
    private readonly Value _codes, _scales, _zeroPoints;

    public QuantizedMatrix(GraphBuilder g, Checkpoint checkpoint, Parameter parameter, int bits)
    {
        var quantizer = BlockQuantizer.Of(bits, parameter.Shape[1]);
        (_g, _quantizer, _rows, _columns) = (g, quantizer, parameter.Shape[0], parameter.Shape[1]);
        int blocks = quantizer.Blocks(_columns), zeroPointBytes = quantizer.ZeroPointBytes(_columns);
        var data = new QuantizedData(checkpoint, parameter, quantizer);
        string name = $"{parameter.Name}.int{quantizer.Bits}";
        _codes = g.Initializer(name, ElementType.UInt8, data.Codes, _rows, blocks, quantizer.CodeBytes);           // (R, K, D)
        _scales = g.Initializer($"{name}.scales", ElementType.Float, data.Scales, _rows, blocks);                  // (R, K)
        _zeroPoints = g.Initializer($"{name}.zero_points", ElementType.UInt8, data.ZeroPoints, _rows, zeroPointBytes);
    }

    public Value Linear(Value x, Value? bias)
    {
        Value y = _g.MatMulNBits(x, _codes, _scales, _zeroPoints, _columns, _quantizer.Bits, _quantizer.BlockSize);
        return bias is null ? y : _g.Add(y, bias, "bias");
    }

    public Value Rows(Value numbers, string name)
    {
        int blocks = _quantizer.Blocks(_columns);
        Value codes = _g.Reshape(_codes, [_rows, blocks * _quantizer.CodeBytes], $"{name}/codes");
        Value rows = _g.GatherBlockQuantized(codes, numbers, _scales, _zeroPoints, _quantizer.Bits, _quantizer.BlockSize, name);
        return blocks * _quantizer.BlockSize == _columns ? rows : _g.FirstColumns(rows, _columns, name);
    }
}
