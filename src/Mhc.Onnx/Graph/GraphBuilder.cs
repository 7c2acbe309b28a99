using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Mhc.Onnx.Wire;
using AttributeType = Mhc.Onnx.Wire.AttributeProto.Types.AttributeType;

namespace Mhc.Onnx;

/// <summary>
/// Collects nodes and initializers under names that mirror module paths. Inside the scopes "transformer.h.0" and "attn" an initializer
/// is called <c>transformer.h.0.attn.…</c>, a node <c>/transformer.h.0/attn/…</c> and its value <c>{node}/output_0</c>. No name counts,
/// so that a new op renames no other; a name that is there already is an error.
/// </summary>
internal sealed partial class GraphBuilder(string graphName, int opset = OnnxExportOptions.DefaultOpset)
{
    private readonly GraphProto _graph = new() { Name = graphName };
    private readonly List<string> _scopes = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Value> _constants = new(StringComparer.Ordinal);

    public GraphProto Build() => _graph;

    /// <summary>Everything made until it is disposed has this module in its path.</summary>
    public IDisposable Scope(string module)
    {
        _scopes.Add(module);
        return new ScopeEnd(_scopes);
    }

    /// <summary>The checkpoint key of something in the present module.</summary>
    public string Key(string name) => string.Join('.', [.. _scopes, name]);

    public Value Input(string name, ElementType type, params Dim[] shape)
    {
        var value = new Value(Claim(name), type, shape);
        _graph.Input.Add(ValueInfo(value));
        return value;
    }

    /// <summary>Makes a value an output. It takes the output's name, so nothing in the graph may use it.</summary>
    public void Output(string name, Value value)
    {
        NodeProto node = _graph.Node.Single(node => node.Output.Contains(value.Name));
        node.Output[node.Output.IndexOf(value.Name)] = Claim(name);
        _graph.ValueInfo.Remove(_graph.ValueInfo.Single(info => info.Name == value.Name));
        _graph.Output.Add(ValueInfo(value with { Name = name }));
    }

    /// <summary>Stores float data, little-endian and row-major, without copying it.</summary>
    public Value Initializer(string name, ReadOnlyMemory<byte> data, params Dim[] shape) =>
        AddInitializer(new(Claim(name), ElementType.Float, shape), data);

    public Value Initializer(string name, ReadOnlySpan<float> values, params Dim[] shape) =>
        Initializer(name, MemoryMarshal.AsBytes(values).ToArray(), shape);

    /// <summary>Small integers, named by content and shared: <c>const.i64.[0,-1]</c>.</summary>
    public Value Constant(params long[] values) =>
        Shared($"const.i64.[{string.Join(',', values.Select(Name))}]", ElementType.Int64, MemoryMarshal.AsBytes<long>(values), values.Length);

    public Value Scalar(long value) => Shared($"const.i64.{Name(value)}", ElementType.Int64, MemoryMarshal.AsBytes<long>([value]));

    /// <summary>A float scalar, named by content and shared: <c>const.f32.0.125</c>.</summary>
    public Value Scalar(float value) => Shared($"const.f32.{Name(value)}", ElementType.Float, MemoryMarshal.AsBytes<float>([value]));

    // The same on every machine, whatever its language.
    private static string Name<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private Value Shared(string name, ElementType type, ReadOnlySpan<byte> data, params Dim[] shape)
    {
        if (!_constants.TryGetValue(name, out Value? value))
            _constants.Add(name, value = AddInitializer(new(Claim(name), type, shape), data.ToArray()));
        return value;
    }

    private Value AddInitializer(Value value, ReadOnlyMemory<byte> data)
    {
        _graph.Initializer.Add(new TensorProto
        {
            Name = value.Name,
            DataType = DataType(value.Type),
            Dims = { value.Shape.Select(dim => dim.Size) },
            RawData = UnsafeByteOperations.UnsafeWrap(data),
        });
        return value;
    }

    // Adds a node and gives its outputs, one for each shape.
    private Value[] Node(string type, string? name, Value[] inputs, ElementType resultType, Dim[][] resultShapes, AttributeProto[] attributes)
    {
        string path = Claim(NodePath(type, name));
        Value[] outputs = [.. resultShapes.Select((shape, i) => new Value(Claim($"{path}/output_{i}"), resultType, shape))];
        _graph.ValueInfo.Add(outputs.Select(KnownSizes));
        _graph.Node.Add(new NodeProto
        {
            Name = path,
            OpType = type,
            Input = { inputs.Select(input => input.Name) },
            Output = { outputs.Select(output => output.Name) },
            Attribute = { attributes },
        });
        return outputs;
    }

    // Sizes that have names are left open: ONNX Runtime would plan its buffers by the names, which costs it time and memory
    // (docs/verification.md).
    private static ValueInfoProto KnownSizes(Value value)
    {
        ValueInfoProto info = ValueInfo(value);
        foreach (TensorShapeProto.Types.Dimension size in info.Type.TensorType.Shape.Dim)
            size.ClearDimParam();
        return info;
    }

    private string NodePath(string type, string? name)
    {
        var path = new StringBuilder();
        foreach (string scope in _scopes)
            path.Append('/').Append(scope);
        if (name is not null)
            path.Append('/').Append(name);
        return path.Append('/').Append(type).ToString();
    }

    private string Claim(string name) =>
        _names.Add(name) ? name : throw new InvalidOperationException($"`{name}` is in the graph already; names are given once.");

    private static AttributeProto Attribute(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    private static AttributeProto Attribute(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    private static AttributeProto Attribute(string name, IEnumerable<int> values) =>
        new() { Name = name, Type = AttributeType.Ints, Ints = { values.Select(value => (long)value) } };

    private static AttributeProto Attribute(string name, TensorProto value) => new() { Name = name, Type = AttributeType.Tensor, T = value };

    private static ValueInfoProto ValueInfo(Value value)
    {
        var shape = new TensorShapeProto();
        foreach (Dim dim in value.Shape)
            shape.Dim.Add(dim.Name is null ? new TensorShapeProto.Types.Dimension { DimValue = dim.Size } : new() { DimParam = dim.Name });
        return new() { Name = value.Name, Type = new() { TensorType = new() { ElemType = DataType(value.Type), Shape = shape } } };
    }

    private static TensorProto.Types.DataType DataType(ElementType type) =>
        type == ElementType.Float ? TensorProto.Types.DataType.Float : TensorProto.Types.DataType.Int64;

    private sealed class ScopeEnd(List<string> scopes) : IDisposable
    {
        public void Dispose() => scopes.RemoveAt(scopes.Count - 1);
    }
}
