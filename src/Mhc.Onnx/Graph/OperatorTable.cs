namespace Mhc.Onnx;

/// <summary>Every operator that the exporter emits, in each form that it has had since opset 17: one line a form.</summary>
internal static class OperatorTable
{
    private const int Any = int.MaxValue;

    /// <param name="Operator">Its type; one that is not standard has its domain in front: <c>com.microsoft.MatMulNBits</c>.</param>
    /// <param name="Since">The first version of its domain that has this form.</param>
    /// <param name="Least">How many inputs it has at least.</param>
    /// <param name="Most">How many inputs it has at most.</param>
    /// <param name="Attributes">Those that it knows, as far as the exporter uses them.</param>
    public sealed record Form(string Operator, int Since, int Least, int Most, params string[] Attributes);

    private static readonly ILookup<string, Form> Forms = new Form[]
    {
        new("Add", 14, 2, 2),
        new("Attention", 23, 3, 6, "is_causal", "q_num_heads", "kv_num_heads"),
        new("Cast", 13, 1, 1, "to"),
        new("Concat", 13, 1, Any, "axis"),
        new("ConstantOfShape", 9, 1, 1, "value"),
        new("Div", 14, 2, 2),
        new("Erf", 13, 1, 1),
        new("Exp", 13, 1, 1),
        new("Expand", 13, 2, 2),
        new("Gather", 13, 2, 2, "axis"),
        new("GatherElements", 13, 2, 2, "axis"),
        new("Gelu", 20, 1, 1),
        new("Gemm", 13, 2, 3, "transB"),
        new("Greater", 13, 2, 2),
        new("LayerNormalization", 17, 2, 3, "axis", "epsilon"),
        new("LogSoftmax", 13, 1, 1, "axis"),
        new("MatMul", 13, 2, 2),
        new("Max", 13, 1, Any),
        new("Min", 13, 1, Any),
        new("Mul", 14, 2, 2),
        new("Neg", 13, 1, 1),
        new("ReduceL2", 13, 1, 1, "axes", "keepdims"),
        new("ReduceL2", 18, 1, 2, "keepdims"),
        new("ReduceSum", 13, 1, 2, "keepdims"),
        new("ReduceSumSquare", 13, 1, 1, "axes", "keepdims"),
        new("ReduceSumSquare", 18, 1, 2, "keepdims"),
        new("Reshape", 14, 2, 2),
        new("Shape", 15, 1, 1, "start", "end"),
        new("Sigmoid", 13, 1, 1),
        new("Slice", 13, 3, 5),
        new("Softmax", 13, 1, 1, "axis"),
        new("Split", 13, 1, 2, "axis"),
        new("Split", 18, 1, 2, "axis", "num_outputs"),
        new("Sqrt", 13, 1, 1),
        new("Sub", 14, 2, 2),
        new("Tanh", 13, 1, 1),
        new("TopK", 11, 2, 2),
        new("Transpose", 13, 1, 1, "perm"),
        new("Trilu", 14, 1, 2, "upper"),
        new("com.microsoft.GatherBlockQuantized", 1, 3, 4, "bits", "block_size", "gather_axis", "quantize_axis"),
        new("com.microsoft.MatMulNBits", 1, 3, 6, "K", "N", "accuracy_level", "bits", "block_size"),
    }.ToLookup(form => form.Operator, StringComparer.Ordinal);

    /// <summary>The form that an operator has in a version of its domain; null where there is none.</summary>
    public static Form? At(string name, long version) => Forms[name].Where(form => form.Since <= version).MaxBy(form => form.Since);

    /// <summary>The first version of its domain that has the operator; null where the table lacks it.</summary>
    public static int? Since(string name) => Forms[name].Min(form => (int?)form.Since);
}
