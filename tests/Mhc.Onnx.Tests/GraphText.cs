using System.Text;
using Mhc.Onnx.Wire;

namespace Mhc.Onnx.Tests;

/// <summary>A graph as text, a node per line, to be read by people.</summary>
internal static class GraphText
{
    public static IEnumerable<string> Of(GraphProto graph) =>
    [
        .. graph.Input.Select(input => $"input {Text(input)}"),
        .. graph.Output.Select(output => $"output {Text(output)}"),
        .. graph.Initializer.Select(tensor => $"initializer {tensor.Name} {Type(tensor.DataType)} [{string.Join(", ", tensor.Dims)}]"),
        .. graph.Node.Select(Text),
    ];

    private static string Text(ValueInfoProto value)
    {
        TypeProto.Types.Tensor type = value.Type.TensorType;
        return $"{value.Name} {Type(type.ElemType)} [{string.Join(", ", type.Shape.Dim.Select(dim => dim.HasDimParam ? dim.DimParam : $"{dim.DimValue}"))}]";
    }

    // The outputs of a node are called after it, but for those of the graph.
    private static string Text(NodeProto node)
    {
        var line = new StringBuilder($"{node.Name}({string.Join(", ", node.Input)})");
        foreach (AttributeProto attribute in node.Attribute)
            line.Append($" {attribute.Name}={Value(attribute)}");
        if (node.Output is not [var only] || only != $"{node.Name}/output_0")
            line.Append($" -> {string.Join(", ", node.Output)}");
        return line.ToString();
    }

    private static string Value(AttributeProto attribute) => attribute.Type switch
    {
        AttributeProto.Types.AttributeType.Int => $"{attribute.I}",
        AttributeProto.Types.AttributeType.Float => $"{attribute.F}",
        AttributeProto.Types.AttributeType.Ints => $"[{string.Join(",", attribute.Ints)}]",
        _ => $"{BitConverter.ToSingle(attribute.T.RawData.Span)}",
    };

    private static string Type(TensorProto.Types.DataType type) => type switch
    {
        TensorProto.Types.DataType.Float => "f32",
        TensorProto.Types.DataType.Float16 => "f16",
        TensorProto.Types.DataType.Uint8 => "u8",
        _ => "i64",
    };
}
