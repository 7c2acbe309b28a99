namespace Mhc.Onnx.Tests;

public class GraphBuilderTests
{
    private readonly GraphBuilder _g = new("test");

    [Fact]
    public void NamesMirrorModulePaths()
    {
        Value x = _g.Input("x", ElementType.Float, "rows", 4);
        Value y;
        using (_g.Scope("transformer.h.0"))
        using (_g.Scope("mlp"))
            y = _g.Gelu(x);

        Assert.Equal("/transformer.h.0/mlp/Gelu/output_0", y.Name);
        Assert.Equal("weight", _g.Key("weight"));
    }

    [Fact]
    public void NameThatIsThereAlreadyIsAnError()
    {
        Value x = _g.Input("x", ElementType.Float, "rows", 4);
        _g.Gelu(x);

        var e = Assert.Throws<InvalidOperationException>(() => _g.Gelu(x));

        Assert.Equal("`/Gelu` is in the graph already; names are given once.", e.Message);
    }

    [Fact]
    public void ConstantsAreSharedByContent()
    {
        Assert.Same(_g.Constant(1, -1), _g.Constant(1, -1));
        Assert.Same(_g.Scalar(0.5f), _g.Scalar(0.5f));
        Assert.Equal(["const.i64.[1,-1]", "const.f32.0.5"], _g.Build().Initializer.Select(tensor => tensor.Name));
    }

    [Fact]
    public void ShapesThatDoNotFitNameTheModule()
    {
        Value x = _g.Input("x", ElementType.Float, "rows", 20);
        Value weight = _g.Initializer("weight", new float[6], 2, 3);
        using IDisposable scope = _g.Scope("transformer.h.0");

        Assert.Equal("/transformer.h.0/Gemm: shapes do not fit: x [rows, 20] and weight [2, 3].", Message(() => _g.Gemm(x, weight, bias: null)));
        Assert.Equal("/transformer.h.0/MatMul: shapes do not fit: x [rows, 20] and weight [2, 3].", Message(() => _g.MatMul(x, weight)));
        Assert.Equal("/transformer.h.0/Add: shapes do not fit: x [rows, 20] and weight [2, 3].", Message(() => _g.Add(x, weight)));
        Assert.Equal("/transformer.h.0/Split: shapes do not fit: x [rows, 20].", Message(() => _g.Split(x, axis: 1, parts: 3)));
        Assert.Equal("/transformer.h.0/Concat: shapes do not fit: x [rows, 20] and weight [2, 3].", Message(() => _g.Concat([x, weight], axis: 0, "all")));
        Assert.Equal("/transformer.h.0/LayerNormalization: shapes do not fit: x [rows, 20] and weight [2, 3].",
            Message(() => _g.LayerNormalization(x, weight, bias: null, 1e-5f)));
        Assert.Equal("/transformer.h.0/Split: shapes do not fit: x [rows, 20].", Message(() => _g.Split(x, axis: 1, [8, 8])));
        Assert.Equal("/transformer.h.0/Expand: shapes do not fit: x [rows, 20].", Message(() => _g.Repeat(x, axis: 1, count: 2)));
    }

    [Fact]
    public void MatricesOfAProductAreEquallyManyOrOne()
    {
        Value a = _g.Input("a", ElementType.Float, "rows", 2, 3), one = _g.Input("one", ElementType.Float, 3, 4);
        Value many = _g.Input("many", ElementType.Float, "rows", 3, 4), others = _g.Input("others", ElementType.Float, "tokens", 3, 4);

        Assert.Equal(["rows", 2, 4], _g.MatMul(a, one, "one").Shape);
        Assert.Equal(["rows", 2, 4], _g.MatMul(a, many, "many").Shape);
        Assert.Equal("/MatMul: shapes do not fit: a [rows, 2, 3] and others [tokens, 3, 4].", Message(() => _g.MatMul(a, others)));
        Assert.Equal("/MatMul: shapes do not fit: one [3, 4] and many [rows, 3, 4].", Message(() => _g.MatMul(one, many)));
    }

    [Fact]
    public void SymbolsFitOnlyThemselves()
    {
        Value a = _g.Input("a", ElementType.Float, "batch", 3), b = _g.Input("b", ElementType.Float, "tokens", 3);

        Assert.Equal("/Mul: shapes do not fit: a [batch, 3] and b [tokens, 3].", Message(() => _g.Mul(a, b)));
    }

    private static string Message(Func<object> build) => Assert.Throws<InvalidOperationException>(build).Message;
}
