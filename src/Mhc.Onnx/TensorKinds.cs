using Mhc.Onnx.Wire;
using DataType = Mhc.Onnx.Wire.TensorProto.Types.DataType;

namespace Mhc.Onnx;

/// <summary>What the tensors of an exported graph are for, by their names (docs/onnx-metadata.md).</summary>
internal static class TensorKinds
{
    private static readonly string[] All = ["embedding", "attention", "mlp", "norms", "residual", "constants"];

    public static IReadOnlyDictionary<string, long> Bytes(GraphProto graph)
    {
        ILookup<string, TensorProto> byKind = graph.Initializer.ToLookup(tensor => KindOf(tensor.Name));
        return All.ToDictionary(kind => kind, kind => byKind[kind].Sum(BytesOf));
    }

    private static string KindOf(string name) => name.Split('.') switch
    {
        ["const", ..] or ["num_logits_to_keep"] => "constants",
        ["lm_head", ..] or ["transformer", "wpe", ..] => "embedding",
        ["transformer", "ln_f", ..] or ["transformer", "h", _, "ln_1" or "ln_2", ..] => "norms",
        ["transformer", "h", _, "attn", ..] => "attention",
        ["transformer", "h", _, "mlp", ..] => "mlp",
        _ => "residual",
    };

    private static long BytesOf(TensorProto tensor) => tensor.Dims.Aggregate(ElementBytes(tensor.DataType), (bytes, size) => bytes * size);

    private static long ElementBytes(DataType type) => type switch
    {
        DataType.Float => sizeof(float),
        DataType.Int64 => sizeof(long),
        DataType.Float16 => sizeof(short),
        DataType.Uint8 => sizeof(byte),
        _ => throw new InvalidDataException($"Tensors of type {type} are none that the exporter writes."),
    };
}
