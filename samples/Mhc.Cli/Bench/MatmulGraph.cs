using System.Diagnostics;
using System.Text;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Bench;

/// <summary>The yardstick: one product of two float32 matrices in ONNX Runtime.</summary>
internal sealed class MatmulGraph : IDisposable
{
    private const int Rows = 2048, Inner = 384, Columns = 1536;

    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly OrtValue[] _inputs = [Tensor(Rows, Inner), Tensor(Inner, Columns)], _outputs = [Tensor(Rows, Columns)];

    public MatmulGraph(SessionOptions options) => _session = new(Model(), options);

    /// <summary>Billions of floating-point operations a second, of one product.</summary>
    public double Gflops()
    {
        var watch = Stopwatch.StartNew();
        _session.Run(_run, ["a", "b"], _inputs, ["y"], _outputs);
        return 2.0 * Rows * Inner * Columns / watch.Elapsed.TotalSeconds / 1e9;
    }

    public void Dispose()
    {
        foreach (OrtValue value in _inputs.Concat(_outputs))
            value.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    private static OrtValue Tensor(int rows, int columns)
    {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.Length; i++)
            values[i] = (i % 97 - 48) / 97f;
        return OrtValue.CreateTensorValueFromMemory(values, [rows, columns]);
    }

    // An ONNX file is a protobuf message, ModelProto; this one is small enough to write its fields one by one.
    private static byte[] Model()
    {
        byte[] node = [.. Text(1, "a"), .. Text(1, "b"), .. Text(2, "y"), .. Text(4, "MatMul")];
        byte[] graph = [.. Field(1, node), .. Text(2, "matmul"), .. Matrix(11, "a"), .. Matrix(11, "b"), .. Matrix(12, "y")];
        return [.. Number(1, 9), .. Field(7, graph), .. Field(8, Number(2, 20))]; // IR version 9, opset 20.
    }

    // ValueInfoProto: a tensor of type 1, float, and of any shape.
    private static byte[] Matrix(int field, string name) => Field(field, [.. Text(1, name), .. Field(2, Field(1, Number(1, 1)))]);

    private static byte[] Text(int field, string value) => Field(field, Encoding.UTF8.GetBytes(value));

    private static byte[] Field(int field, byte[] bytes) => [(byte)(field << 3 | 2), (byte)bytes.Length, .. bytes];

    private static byte[] Number(int field, byte value) => [(byte)(field << 3), value];
}
