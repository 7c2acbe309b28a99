using Google.Protobuf;
using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>
/// A model as the bytes of an .onnx file. Initializers come last in the graph, and the graph last in the model, so that everything else
/// is one small message and weights can be written as they are read.
/// </summary>
internal sealed class ModelStream
{
    private readonly OnnxModel _model;
    private readonly ModelProto _rest;
    private readonly GraphProto _graph;

    public ModelStream(OnnxModel model)
    {
        _model = model;
        _rest = new(model.Proto) { Graph = null };
        _graph = new(model.Graph);
        _graph.Initializer.Clear();
    }

    /// <summary>The bytes of the file.</summary>
    public long Length => _rest.CalculateSize() + Field(GraphLength);

    public void WriteTo(Stream stream)
    {
        using var output = new CodedOutputStream(stream, leaveOpen: true);
        _rest.WriteTo(output);
        StartField(output, ModelProto.GraphFieldNumber, GraphLength);
        _graph.WriteTo(output);
        foreach (TensorProto tensor in _model.Graph.Initializer)
        {
            StartField(output, GraphProto.InitializerFieldNumber, TensorLength(tensor));
            tensor.WriteTo(output);
            if (!_model.Weights.TryGetValue(tensor.Name, out TensorData? data))
                continue;
            StartField(output, TensorProto.RawDataFieldNumber, data.Length);
            output.Flush();
            data.WriteTo(stream);
        }
    }

    private long GraphLength => _graph.CalculateSize() + _model.Graph.Initializer.Sum(tensor => Field(TensorLength(tensor)));

    private long TensorLength(TensorProto tensor) =>
        tensor.CalculateSize() + (_model.Weights.TryGetValue(tensor.Name, out TensorData? data) ? Field(data.Length) : 0);

    // The fields have numbers below 16, so that their tags are one byte.
    private static long Field(long length) => 1 + CodedOutputStream.ComputeRawVarint64Size((ulong)length) + length;

    private static void StartField(CodedOutputStream output, int number, long length)
    {
        output.WriteTag(number, WireFormat.WireType.LengthDelimited);
        output.WriteLength(checked((int)length));
    }
}
