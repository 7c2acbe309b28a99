namespace Mhc.Onnx;

/// <summary>A parameter of a model: its key in <c>model.safetensors</c> and its shape. Linear weights are (out, in).</summary>
public sealed record Parameter(string Name, IReadOnlyList<int> Shape)
{
    internal long Count => Shape.Aggregate(1L, (product, size) => product * size);

    internal static string Text(IReadOnlyList<int> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>As in <c>parameters.verified.txt</c>: <c>transformer.wpe.weight [7, 20] f32</c>.</summary>
    public override string ToString() => $"{Name} {Text(Shape)} f32";
}
