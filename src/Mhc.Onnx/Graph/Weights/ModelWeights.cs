namespace Mhc.Onnx;

/// <summary>The weights of a model in the form that a precision gives them; docs/precision.md describes each.</summary>
internal sealed class ModelWeights(GraphBuilder g, Checkpoint checkpoint, OnnxPrecision precision)
{
    /// <summary>What the branches compute in. The residual, norms, softmaxes and the vocabulary head are float32 always.</summary>
    public ElementType Activations => precision == OnnxPrecision.Float16 ? ElementType.Float16 : ElementType.Float;

    /// <summary>The weights of a linear layer, by their name in the present module.</summary>
    public IMatrix Matrix(string name) => precision switch
    {
        OnnxPrecision.Int8 => new QuantizedMatrix(g, checkpoint, Find(name), bits: 8),
        OnnxPrecision.Int4 => new QuantizedMatrix(g, checkpoint, Find(name), bits: 4),
        OnnxPrecision.Float16 => new FloatMatrix(g, Half(Find(name))),
        _ => new FloatMatrix(g, Parameter(name)),
    };

    /// <summary>A parameter of the present module in float32. Tables are stored in 16 bits where matrices are not in 32.</summary>
    public Value Parameter(string name)
    {
        Parameter parameter = Find(name);
        return precision == OnnxPrecision.Float32 || parameter.Shape.Count < 2
            ? g.Initializer(parameter.Name, ElementType.Float, FloatData.Float32(checkpoint, parameter), Shape(parameter))
            : g.Cast(Half(parameter), ElementType.Float, name);
    }

    private Value Half(Parameter parameter) =>
        g.Initializer($"{parameter.Name}.float16", ElementType.Float16, FloatData.Float16(checkpoint, parameter), Shape(parameter));

    private Parameter Find(string name)
    {
        string key = g.Key(name);
        return checkpoint.Parameters.Single(parameter => parameter.Name == key);
    }

    private static Dim[] Shape(Parameter parameter) => [.. parameter.Shape.Select(size => (Dim)size)];
}
