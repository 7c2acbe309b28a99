using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Mhc.Onnx.Wire;

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
    private readonly Dictionary<string, TensorData> _weights = new(StringComparer.Ordinal);

    /// <summary>By name the data of initializers that the graph holds without it.</summary>
    public IReadOnlyDictionary<string, TensorData> Weights => _weights;

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

    /// <summary>An integer that may be given; the graph takes <paramref name="standard"/> where it is not.</summary>
    public Value OptionalInput(string name, long standard)
    {
        Value value = Input(name, ElementType.Int64);
        return AddInitializer(value, MemoryMarshal.AsBytes<long>([standard]).ToArray());
    }

    /// <summary>Makes a value an output. It takes the output's name, also where nodes use it: they are all there already.</summary>
    public void Output(string name, Value value)
    {
        NodeProto node = _graph.Node.Single(node => node.Output.Contains(value.Name));
        node.Output[node.Output.IndexOf(value.Name)] = Claim(name);
        foreach (NodeProto user in _graph.Node.Where(node => node.Input.Contains(value.Name)))
            user.Input[user.Input.IndexOf(value.Name)] = name;
        _graph.ValueInfo.Remove(_graph.ValueInfo.Single(info => info.Name == value.Name));
        _graph.Output.Add(ValueInfo(value with { Name = name }));
    }

    /// <summary>Weights, whose data is made only when the file is written.</summary>
    public Value Initializer(string name, ElementType type, TensorData data, params Dim[] shape)
    {
        var value = new Value(Claim(name), type, shape);
        _graph.Initializer.Add(Tensor(value));
        _weights.Add(name, data);
        return value;
    }

    public Value Initializer(string name, ReadOnlySpan<float> values, params Dim[] shape) =>
        AddInitializer(new(Claim(name), ElementType.Float, shape), MemoryMarshal.AsBytes(values));

    /// <summary>Small integers, named by content and shared: <c>const.i64.[0,-1]</c>.</summary>
    public Value Constant(params long[] values) =>
        Shared($"const.i64.[{string.Join(',', values.Select(Name))}]", ElementType.Int64, MemoryMarshal.AsBytes<long>(values), values.Length);

    public Value Scalar(long value) => Shared($"const.i64.{Name(value)}", ElementType.Int64, MemoryMarshal.AsBytes<long>([value]));

    /// <summary>A float scalar, named by content and shared: <c>const.f32.0.125</c>.</summary>
    public Value Scalar(float value) => Shared($"const.f32.{Name(value)}", ElementType.Float, MemoryMarshal.AsBytes<float>([value]));

    /// <summary>A scalar of the same type as what it is combined with.</summary>
    public Value Scalar(float value, ElementType type) => type == ElementType.Float16
        ? Shared($"const.f16.{Name(value)}", type, MemoryMarshal.AsBytes<Half>([(Half)value]))
        : Scalar(value);

    // The same on every machine, whatever its language.
    private static string Name<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private Value Shared(string name, ElementType type, ReadOnlySpan<byte> data, params Dim[] shape)
    {
        if (!_constants.TryGetValue(name, out Value? value))
            _constants.Add(name, value = AddInitializer(new(Claim(name), type, shape), data));
        return value;
    }

    private Value AddInitializer(Value value, ReadOnlySpan<byte> data)
    {
        TensorProto tensor = Tensor(value);
        tensor.RawData = ByteString.CopyFrom(data);
        _graph.Initializer.Add(tensor);
        return value;
    }

    // Adds a node and gives its outputs, one for each shape.
    private Value[] Node(string type, string? name, Value[] inputs, ElementType resultType, Dim[][] resultShapes, AttributeProto[] attributes,
        string domain = "") =>
        Node(type, name, inputs, [.. resultShapes.Select(shape => (resultType, shape))], attributes, domain);

    private Value[] Node(
        string type, string? name, Value[] inputs, (ElementType Type, Dim[] Shape)[] results, AttributeProto[] attributes, string domain = "")
    {
        string path = Claim(NodePath(type, name));
        Value[] outputs = [.. results.Select((result, i) => new Value(Claim($"{path}/output_{i}"), result.Type, result.Shape))];
        _graph.ValueInfo.Add(outputs.Select(KnownSizes));
        _graph.Node.Add(new NodeProto
        {
            Name = path,
            OpType = type,
            Domain = domain,
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

    private sealed class ScopeEnd(List<string> scopes) : IDisposable
    {
        public void Dispose() => scopes.RemoveAt(scopes.Count - 1);
    }
}
