using System.Runtime.InteropServices;

namespace Mhc.Onnx;

/// <summary>
/// The three tensors of a quantised matrix. Each is made of the checkpoint's weights when it is written, some rows at a time, so that
/// neither these nor the others are kept.
/// </summary>
internal sealed class QuantizedData(Checkpoint checkpoint, Parameter parameter, BlockQuantizer quantizer)
{
    private readonly int _rows = parameter.Shape[0], _columns = parameter.Shape[1];

    public TensorData Codes => Rows(quantizer.Blocks(_columns) * quantizer.CodeBytes, quantizer.Codes);

    public TensorData Scales => Rows(quantizer.Blocks(_columns) * sizeof(float),
        (row, bytes) => quantizer.Scales(row, MemoryMarshal.Cast<byte, float>(bytes)));

    public TensorData ZeroPoints => Rows(quantizer.ZeroPointBytes(_columns), quantizer.ZeroPoints);

    private TensorData Rows(int bytesOfRow, Convert convert) => new((long)_rows * bytesOfRow, stream =>
    {
        var bytes = new byte[bytesOfRow];
        checkpoint.ReadRows(parameter, row =>
        {
            convert(row, bytes);
            stream.Write(bytes);
        });
    });

    private delegate void Convert(ReadOnlySpan<float> row, Span<byte> bytes);
}
