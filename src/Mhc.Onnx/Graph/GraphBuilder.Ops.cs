using System.Runtime.InteropServices;
using Google.Protobuf;
using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>
/// The operators that the graphs use, in the form of the opset. Each checks its operands' shapes, adds a node and returns what comes out
/// of it. A module that uses an operator more than once gives each a name, which becomes part of the path.
/// </summary>
internal sealed partial class GraphBuilder
{
    // The opset from which on a reduction's axes are an input and Split may be told the number of its parts.
    private const int AxesAsInput = 18;

    /// <summary>Whether attention is one operator.</summary>
    public bool HasAttention => opset >= OnnxExportOptions.AttentionOpset;

    public Value Add(Value a, Value b, string? name = null) => One("Add", name, [a, b], Broadcast("Add", a, b));

    public Value Sub(Value a, Value b, string? name = null) => One("Sub", name, [a, b], Broadcast("Sub", a, b));

    public Value Mul(Value a, Value b, string? name = null) => One("Mul", name, [a, b], Broadcast("Mul", a, b));

    public Value Div(Value a, Value b, string? name = null) => One("Div", name, [a, b], Broadcast("Div", a, b));

    public Value Max(Value a, Value b, string? name = null) => One("Max", name, [a, b], Broadcast("Max", a, b));

    public Value Min(Value a, Value b, string? name = null) => One("Min", name, [a, b], Broadcast("Min", a, b));

    public Value Sqrt(Value x, string? name = null) => One("Sqrt", name, [x], x.Shape);

    public Value Exp(Value x, string? name = null) => One("Exp", name, [x], x.Shape);

    public Value Tanh(Value x, string? name = null) => One("Tanh", name, [x], x.Shape);

    public Value Sigmoid(Value x, string? name = null) => One("Sigmoid", name, [x], x.Shape);

    public Value Neg(Value x, string? name = null) => One("Neg", name, [x], x.Shape);

    public Value Greater(Value a, Value b, string? name = null) =>
        One("Greater", name, [a, b], ElementType.Bool, Broadcast("Greater", a, b));

    /// <summary>Σx over the last axis, which goes.</summary>
    public Value SumLastAxis(Value x, string? name = null) =>
        One("ReduceSum", name, [x, Constant(-1)], x.Shape[..^1], Attribute("keepdims", 0));

    /// <summary>The largest values of the last axis in falling order, equal ones by their index, and where they stand.</summary>
    public (Value Values, Value Indices) TopK(Value x, int count, string? name = null)
    {
        Require(x.Shape[^1].Size >= count, "TopK", x);
        Dim[] shape = [.. x.Shape[..^1], count];
        Value[] outputs = Node("TopK", name, [x, Constant(count)], [(x.Type, shape), (ElementType.Int64, shape)], []);
        return (outputs[0], outputs[1]);
    }

    /// <summary>√Σx² over the last axis, which stays as one of size 1.</summary>
    public Value ReduceL2(Value x, string? name = null) => OverLastAxis("ReduceL2", x, name);

    /// <summary>Σx² over the last axis, which stays as one of size 1.</summary>
    public Value ReduceSumSquare(Value x, string? name = null) => OverLastAxis("ReduceSumSquare", x, name);

    /// <summary>A product for each matrix of a, all with the same b where that is one matrix.</summary>
    public Value MatMul(Value a, Value b, string? name = null) => One("MatMul", name, [a, b], Product(a, b));

    /// <summary>x · weightᵀ + bias, with weight (out, in) as training stores it.</summary>
    public Value Gemm(Value x, Value weight, Value? bias) =>
        One("Gemm", null, bias is null ? [x, weight] : [x, weight, bias], Linear(x, weight, bias), Attribute("transB", 1));

    /// <summary>x/2 · (1 + erf(x/√2)).</summary>
    public Value Gelu(Value x)
    {
        if (opset >= 20)
            return One("Gelu", null, [x], x.Shape);
        using IDisposable scope = Scope("gelu");
        Value erf = One("Erf", null, [Div(x, Scalar(MathF.Sqrt(2)))], x.Shape);
        return Mul(Mul(x, Add(erf, Scalar(1f)), "erf"), Scalar(0.5f), "half");
    }

    /// <summary>softmax(q · kᵀ / √D) · v for each head, over the tokens so far; (B, T, C) each. Of opset 23.</summary>
    public Value CausalAttention(Value q, Value k, Value v, int heads)
    {
        Require(q.Rank == 3 && q.Shape.AsSpan().SequenceEqual(k.Shape) && q.Shape.AsSpan().SequenceEqual(v.Shape), "Attention", q, k, v);
        return One("Attention", null, [q, k, v], q.Shape, Attribute("is_causal", 1), Attribute("q_num_heads", heads),
            Attribute("kv_num_heads", heads));
    }

    public Value Softmax(Value x) => One("Softmax", null, [x], x.Shape, Attribute("axis", -1));

    public Value LogSoftmax(Value x, int axis = -1, string? name = null) =>
        One("LogSoftmax", name, [x], x.Shape, Attribute("axis", axis));

    public Value LayerNormalization(Value x, Value weight, Value? bias, float epsilon) =>
        One("LayerNormalization", null, bias is null ? [x, weight] : [x, weight, bias], Normalized(x, weight, bias),
            Attribute("axis", -1), Attribute("epsilon", epsilon));

    public Value Gather(Value data, Value indices, int axis = 0, string? name = null) =>
        One("Gather", name, [data, indices], [.. data.Shape[..axis], .. indices.Shape, .. data.Shape[(axis + 1)..]], Attribute("axis", axis));

    public Value GatherElements(Value data, Value indices, int axis) =>
        One("GatherElements", null, [data, indices], indices.Shape, Attribute("axis", axis));

    /// <summary>The first <paramref name="count"/> columns of the last axis.</summary>
    public Value FirstColumns(Value x, int count, string? name = null)
    {
        Require(x.Shape[^1].Size >= count, "Slice", x);
        return One("Slice", name, [x, Constant(0), Constant(count), Constant(-1)], [.. x.Shape[..^1], count]);
    }

    /// <summary>The rows before <paramref name="end"/>, which there are <paramref name="rows"/> of.</summary>
    public Value SliceRows(Value data, Value end, Dim rows, string? name = null) =>
        One("Slice", name, [data, Constant(0), end], [rows, .. data.Shape[1..]]);

    /// <summary>
    /// What lies from <paramref name="start"/> on along an axis, <paramref name="length"/> of it. A negative start counts from the end.
    /// </summary>
    public Value SliceFrom(Value data, Value start, int axis, Dim length, string? name = null) =>
        One("Slice", name, [data, start, Constant(long.MaxValue), Constant(axis)],
            [.. data.Shape[..axis], length, .. data.Shape[(axis + 1)..]]);

    public Value[] Split(Value x, int axis, int parts) =>
        opset < AxesAsInput ? Split(x, axis, [.. Enumerable.Repeat((int)Part(x, axis, parts)[axis].Size, parts)])
        : Node("Split", null, [x], x.Type, [.. Enumerable.Repeat(Part(x, axis, parts), parts)],
            [Attribute("axis", axis), Attribute("num_outputs", parts)]);

    public Value[] Split(Value x, int axis, int[] sizes) =>
        Node("Split", null, [x, Constant([.. sizes.Select(size => (long)size)])], x.Type, Parts(x, axis, sizes),
            [Attribute("axis", axis)]);

    public Value Concat(Value[] parts, int axis, Dim length, string? name = null) =>
        One("Concat", name, parts, Joined(parts, axis, length), Attribute("axis", axis));

    public Value Transpose(Value x, int[] order, string? name = null) =>
        One("Transpose", name, [x], [.. order.Select(axis => x.Shape[axis])], Attribute("perm", order));

    /// <summary>To a shape of which at most one size has a name.</summary>
    public Value Reshape(Value x, Dim[] shape, string? name = null) =>
        Reshape(x, Constant([.. shape.Select(dim => dim.Size)]), shape, name);

    /// <summary>To a shape that is known when the graph runs.</summary>
    public Value Reshape(Value x, Value shape, Dim[] result, string? name = null) => One("Reshape", name, [x, shape], result);

    /// <summary>An axis of size 1 becomes <paramref name="count"/> copies.</summary>
    public Value Repeat(Value x, int axis, int count, string? name = null) =>
        One("Expand", name, [x, Constant([.. x.Shape.Select((_, i) => i == axis ? (long)count : 1)])], Repeated(x, axis, count));

    /// <summary>The sizes of <paramref name="x"/> from axis <paramref name="start"/> on.</summary>
    public Value Shape(Value x, int start = 0, string? name = null) =>
        One("Shape", name, [x], ElementType.Int64, [x.Rank - start], Attribute("start", start));

    /// <summary>The size of the first axis, [1].</summary>
    public Value FirstSize(Value x, string? name = null) =>
        One("Shape", name, [x], ElementType.Int64, [1], Attribute("start", 0), Attribute("end", 1));

    /// <summary>In another type; the value itself where it has that type already.</summary>
    public Value Cast(Value x, ElementType type, string? name = null) =>
        x.Type == type ? x : One("Cast", name, [x], type, x.Shape, Attribute("to", (long)DataType(type)));

    public Value ConstantOfShape(Value shape, float value, params Dim[] result) =>
        One("ConstantOfShape", null, [shape], ElementType.Float, result, Attribute("value", new TensorProto
        {
            Dims = { 1 },
            DataType = TensorProto.Types.DataType.Float,
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>([value])),
        }));

    /// <summary>What lies above the diagonal; zero elsewhere.</summary>
    public Value AboveDiagonal(Value x) => AboveDiagonal(x, Scalar(1));

    /// <summary>What lies <paramref name="columns"/> and more to the right of the diagonal; zero elsewhere.</summary>
    public Value AboveDiagonal(Value x, Value columns) => One("Trilu", null, [x, columns], x.Shape, Attribute("upper", 1));

    private Value OverLastAxis(string type, Value x, string? name) =>
        opset < AxesAsInput ? One(type, name, [x], [.. x.Shape[..^1], 1], Attribute("axes", [-1]), Attribute("keepdims", 1))
        : One(type, name, [x, Constant(-1)], [.. x.Shape[..^1], 1], Attribute("keepdims", 1));

    private Value One(string type, string? name, Value[] inputs, Dim[] shape, params AttributeProto[] attributes) =>
        One(type, name, inputs, inputs[0].Type, shape, attributes);

    private Value One(string type, string? name, Value[] inputs, ElementType resultType, Dim[] shape, params AttributeProto[] attributes) =>
        Node(type, name, inputs, resultType, [shape], attributes)[0];
}
