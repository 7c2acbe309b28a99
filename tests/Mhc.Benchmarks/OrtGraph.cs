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
    private readonly HashSet<string> _constants = [];
    private readonly Dictionary<string, string> _reshaped = [];

    public string Input(string name, params long[] shape)
    {
        _graph.Input.Add(Info(name, shape));
        return name;
    }

    /// <summary>A constant, which is there once however often it is asked for.</summary>
    public string Floats(string name, float[] values, params long[] shape) =>
        Initializer(name, TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes<float>(values), shape);

    public string Integers(params long[] values) =>
        Initializer($"const.[{string.Join(',', values)}]", TensorProto.Types.DataType.Int64, MemoryMarshal.AsBytes<long>(values), [values.Length]);

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

    /// <summary>A value in another shape, which is there once however often it is asked for.</summary>
    public string Reshape(string x, params long[] shape)
    {
        string key = $"{x} [{string.Join(',', shape)}]";
        if (!_reshaped.TryGetValue(key, out string? reshaped))
            _reshaped.Add(key, reshaped = Op("Reshape", [x, Integers(shape)]));
        return reshaped;
    }

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
        if (_constants.Add(name))
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
