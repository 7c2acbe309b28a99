using System.Runtime.InteropServices;
using Google.Protobuf;
using Mhc.Onnx.Wire;
using AttributeType = Mhc.Onnx.Wire.AttributeProto.Types.AttributeType;

namespace Mhc.Benchmarks;

/// <summary>A small graph written node by node; values are float32 but for the integers of <see cref="Integers"/>.</summary>
internal sealed class OrtGraph
{
    public const string Microsoft = "com.microsoft";

    private readonly GraphProto _graph = new() { Name = "benchmark" };
    private readonly Random _random = new(1);

    public string Input(string name, params long[] shape)
    {
        _graph.Input.Add(Info(name, shape));
        return name;
    }

    /// <summary>Weights of ordinary size.</summary>
    public string Noise(string name, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        foreach (ref float value in values.AsSpan())
            value = (float)(0.1 * _random.NextDouble() - 0.05);
        return Floats(name, values, shape);
    }

    public string Floats(string name, float[] values, params long[] shape) =>
        Initializer(name, TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes<float>(values), shape);

    public string Integers(params long[] values)
    {
        string name = $"const.[{string.Join(',', values)}]";
        return _graph.Initializer.Any(tensor => tensor.Name == name) ? name
            : Initializer(name, TensorProto.Types.DataType.Int64, MemoryMarshal.AsBytes<long>(values), [values.Length]);
    }

    public string Int32(string name, int[] values, params long[] shape) =>
        Initializer(name, TensorProto.Types.DataType.Int32, MemoryMarshal.AsBytes<int>(values), shape);

    public string Op(string type, string[] inputs, params AttributeProto[] attributes) => Ops("", type, inputs, 1, attributes)[0];

    public string[] Ops(string domain, string type, string[] inputs, int outputs, params AttributeProto[] attributes)
    {
        string name = $"{type}.{_graph.Node.Count}";
        string[] results = [.. Enumerable.Range(0, outputs).Select(i => $"{name}.{i}")];
        _graph.Node.Add(new NodeProto
        {
            Name = name,
            Domain = domain,
            OpType = type,
            Input = { inputs },
            Output = { results },
            Attribute = { attributes },
        });
        return results;
    }

    public string Reshape(string x, params long[] shape) => Op("Reshape", [x, Integers(shape)]);

    public string Output(string value, params long[] shape)
    {
        _graph.Output.Add(Info(value, shape));
        return value;
    }

    public static AttributeProto Attribute(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    public static AttributeProto Attribute(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    public static AttributeProto Attribute(string name, string value) =>
        new() { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(value) };

    public static AttributeProto Attribute(string name, params long[] values) =>
        new() { Name = name, Type = AttributeType.Ints, Ints = { values } };

    /// <param name="opset">Of the standard operators.</param>
    public ModelProto Model(int opset) => new()
    {
        IrVersion = 10,
        OpsetImport = { new OperatorSetIdProto { Version = opset }, new OperatorSetIdProto { Domain = Microsoft, Version = 1 } },
        Graph = _graph,
    };

    private string Initializer(string name, TensorProto.Types.DataType type, ReadOnlySpan<byte> data, long[] shape)
    {
        _graph.Initializer.Add(new TensorProto { Name = name, DataType = type, Dims = { shape }, RawData = ByteString.CopyFrom(data) });
        return name;
    }

    private static ValueInfoProto Info(string name, long[] shape) => new()
    {
        Name = name,
        Type = new()
        {
            TensorType = new()
            {
                ElemType = TensorProto.Types.DataType.Float,
                Shape = new() { Dim = { shape.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }) } },
            },
        },
    };
}
