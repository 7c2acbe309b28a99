namespace Mhc.Onnx;

/// <summary>Weights in float32 or float16.</summary>
internal sealed class FloatMatrix(GraphBuilder g, Value weight) : IMatrix
{
    public Value Linear(Value x, Value? bias) =>
        g.Gemm(x, g.Cast(weight, x.Type, "weight"), bias is null ? null : g.Cast(bias, x.Type, "bias"));

    public Value Rows(Value numbers, string name) => g.Cast(g.Gather(weight, numbers, name: name), ElementType.Float, name);
}
