using System.Security.Cryptography;
using Google.Protobuf;
using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>
/// A model as the bytes of an .onnx file. Initializers come last in the graph, and the graph last in the model, so that everything else
/// is one small message and weights can be written as they are read. Behind the model stands its checksum: one more entry of the metadata,
/// which protobuf allows after everything else, so that the file is an .onnx like any other.
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
    public long Length => _rest.CalculateSize() + Field(GraphLength) + Checksum(new byte[SHA256.HashSizeInBytes]).CalculateSize();

    public void WriteTo(Stream stream)
    {
        using var sha256 = SHA256.Create();
        using (var hashed = new CryptoStream(stream, sha256, CryptoStreamMode.Write, leaveOpen: true))
            WriteModel(hashed);
        Checksum(sha256.Hash!).WriteTo(stream);
    }

    private void WriteModel(Stream stream)
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

    private static ModelProto Checksum(byte[] hash)
    {
        (string key, string json) = OnnxMetadata.FileSha256(hash);
        return new() { MetadataProps = { new StringStringEntryProto { Key = key, Value = json } } };
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
