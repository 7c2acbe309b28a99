using Mhc.Onnx.Wire;
using AttributeType = Mhc.Onnx.Wire.AttributeProto.Types.AttributeType;

namespace Mhc.Onnx;

/// <summary>Values and attributes in the words of the ONNX file format.</summary>
internal sealed partial class GraphBuilder
{
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

    private static TensorProto.Types.DataType DataType(ElementType type) => type switch
    {
        ElementType.Float => TensorProto.Types.DataType.Float,
        ElementType.Float16 => TensorProto.Types.DataType.Float16,
        ElementType.UInt8 => TensorProto.Types.DataType.Uint8,
        ElementType.Int32 => TensorProto.Types.DataType.Int32,
        ElementType.Bool => TensorProto.Types.DataType.Bool,
        _ => TensorProto.Types.DataType.Int64,
    };

    private static TensorProto Tensor(Value value) =>
        new() { Name = value.Name, DataType = DataType(value.Type), Dims = { value.Shape.Select(dim => dim.Size) } };
}
