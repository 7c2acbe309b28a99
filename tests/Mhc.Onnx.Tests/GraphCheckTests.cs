using Mhc.Onnx.Wire;
using Mhc.Testing;
using DataType = Mhc.Onnx.Wire.TensorProto.Types.DataType;

namespace Mhc.Onnx.Tests;

/// <summary>A model that is damaged in one way: the message tells what is wrong, and where.</summary>
public class GraphCheckTests
{
    private const string Preamble = "The exporter made a graph that is not well formed. This is a mistake of Mhc.Onnx, not of the "
        + "checkpoint: please report it with the checkpoint's config.json.";

    private readonly ModelProto _model = Sound();

    [Fact]
    public void SoundModelPasses() => GraphCheck.ThrowIfWrong(_model);

    [Fact]
    public void NamesOfValuesAreGivenOnce()
    {
        _model.Graph.Initializer.Add(_model.Graph.Initializer[0].Clone());
        _model.Graph.Input.Add(_model.Graph.Input[0].Clone());

        AssertProblems("`x`: the name is given to two values.", "`w`: the name is given to two values.");
    }

    [Fact]
    public void InputMayHaveADefault()
    {
        _model.Graph.Initializer.Add(new TensorProto { Name = "x" });
        GraphCheck.ThrowIfWrong(_model);

        _model.Graph.Initializer.Add(new TensorProto { Name = "x" });

        AssertProblems("`x`: the name is given to two values.");
    }

    [Fact]
    public void NamesOfNodesAreGivenOnce()
    {
        _model.Graph.Node[1].Name = "/Add";

        AssertProblems("/Add: the name is given to two nodes.");
    }

    [Fact]
    public void ValuesAreMadeBeforeTheyAreUsed()
    {
        (_model.Graph.Node[0], _model.Graph.Node[1]) = (_model.Graph.Node[1].Clone(), _model.Graph.Node[0].Clone());

        AssertProblems("/Tanh: reads `/Add/output_0`, which nothing before it makes.", "/Add: no output needs it.",
            "`w`: an initializer that no output needs.");
    }

    [Fact]
    public void EveryValueHasATypeAndAShape()
    {
        _model.Graph.ValueInfo.Clear();

        AssertProblems("`/Add/output_0`: its type and shape are not told.");
    }

    [Theory]
    [InlineData("type"), InlineData("element type"), InlineData("shape")]
    public void ValuesHaveATypeAndAShape(string missing)
    {
        ValueInfoProto info = _model.Graph.ValueInfo[0];
        if (missing == "type")
            info.Type = null;
        else if (missing == "element type")
            info.Type.TensorType.ElemType = DataType.Undefined;
        else
            info.Type.TensorType.Shape = null;

        AssertProblems("`/Add/output_0`: its type and shape are not told.");
    }

    [Fact]
    public void ShapesAreOfValuesThatThereAre()
    {
        _model.Graph.ValueInfo.Add(new ValueInfoProto(_model.Graph.ValueInfo[0]) { Name = "renamed" });
        _model.Graph.Output.Add(new ValueInfoProto(_model.Graph.Output[0]) { Name = "z" });

        AssertProblems("`renamed`: has a type and a shape, but no node makes it.", "`z`: has a type and a shape, but no node makes it.");
    }

    [Fact]
    public void OperatorsAreInTheTable()
    {
        _model.Graph.Node[1].OpType = "Loop";

        AssertProblems("/Tanh: Loop is not in the table of operators.");
    }

    [Fact]
    public void OperatorsAreThereInTheImportedOpset()
    {
        _model.Graph.Node[1].OpType = "Gelu";
        _model.OpsetImport[0].Version = 17;

        AssertProblems("/Tanh: Gelu is there from the opset 20 on; the model imports 17.");
    }

    [Fact]
    public void DomainsAreImported()
    {
        _model.Graph.Node[1].Domain = "com.microsoft";

        AssertProblems("/Tanh: com.microsoft.Tanh is of a domain that the model does not import.");
    }

    [Fact]
    public void AttributesAreThoseOfTheImportedOpset()
    {
        _model.Graph.Node[1] = new(_model.Graph.Node[1]) { OpType = "ReduceL2", Attribute = { new AttributeProto { Name = "axes" } } };
        _model.OpsetImport[0].Version = 17;
        GraphCheck.ThrowIfWrong(_model);

        _model.OpsetImport[0].Version = 20;

        AssertProblems("/Tanh: ReduceL2 of the opset 20 has no attribute `axes`.");
    }

    [Fact]
    public void OperatorsHaveTheInputsThatTheyNeed()
    {
        _model.Graph.Node[0].Input.Add("x");
        _model.Graph.Node[1].OpType = "Gemm";

        AssertProblems("/Add: Add of the opset 20 has 2 inputs; this one has 3.",
            "/Tanh: Gemm of the opset 20 has 2 to 3 inputs; this one has 1.");
    }

    [Fact]
    public void NothingIsThereThatNoOutputNeeds()
    {
        var g = new GraphBuilder("test");
        Value x = g.Input("x", ElementType.Float, "rows", 3);
        g.Tanh(g.Mul(x, g.Scalar(2f)), "dead");
        g.Output("y", g.Tanh(x));
        _model.Graph = g.Build();

        AssertProblems("/dead/Tanh: no output needs it.", "/Mul: no output needs it.", "`const.f32.2`: an initializer that no output needs.");
    }

    [Theory]
    [InlineData(17), InlineData(20), InlineData(23)]
    public void ShapesAreThoseThatTheRuntimeFinds(int opset)
    {
        foreach (MhcConfig config in Designs())
        {
            using TemporaryFolder folder = Fixtures.Temporary();
            SyntheticCheckpoint.Write(folder.Path, config);
            Checkpoint checkpoint = Checkpoint.Open(folder.Path);
            ModelProto model = OrtModel.Whole(OnnxExporter.Model(checkpoint, HMatrices.Project(checkpoint), new() { Opset = opset }));
            ValueInfoProto[] values = [.. model.Graph.ValueInfo];
            model.Graph.Output.Add(values);

            using OrtModel ort = OrtModel.Of(model);
            IReadOnlyDictionary<string, long[]> shapes =
                ort.Shapes(("input_ids", new long[14], [2, 7]), ("positions", new long[5], [5]), ("targets", new long[5], [5]));

            Assert.All(values, value => Assert.Equal(shapes[value.Name],
                value.Type.TensorType.Shape.Dim.Select((size, axis) => size.HasDimValue ? size.DimValue : shapes[value.Name][axis])));
        }
    }

    [Fact]
    public void SizesWithNamesAreLeftOpen()
    {
        Assert.Equal("rows", _model.Graph.Output[0].Type.TensorType.Shape.Dim[0].DimParam);
        Assert.Equal((TensorShapeProto.Types.Dimension[])[new(), new() { DimValue = 3 }], _model.Graph.ValueInfo[0].Type.TensorType.Shape.Dim);
    }

    private static IEnumerable<MhcConfig> Designs() =>
    [
        SyntheticCheckpoint.Tiny,
        SyntheticCheckpoint.Tiny with { HRes = HResProjection.Identity, ValueResidual = ValueResidual.Free },
        SyntheticCheckpoint.Tiny with { Residual = ResidualMode.None, Streams = 1, ValueResidual = ValueResidual.Constrained },
        SyntheticCheckpoint.Tiny with { Residual = ResidualMode.Hc, Fracs = 2 },
        SyntheticCheckpoint.Tiny with { Residual = ResidualMode.MhcDynamic },
    ];

    // tanh(x + w)
    private static ModelProto Sound()
    {
        var g = new GraphBuilder("test");
        Value x = g.Input("x", ElementType.Float, "rows", 3);
        g.Output("y", g.Tanh(g.Add(x, g.Initializer("w", new float[3], 3))));
        return new() { OpsetImport = { new OperatorSetIdProto { Version = 20 } }, Graph = g.Build() };
    }

    private void AssertProblems(params string[] problems)
    {
        var e = Assert.Throws<InvalidOperationException>(() => GraphCheck.ThrowIfWrong(_model));

        Assert.Equal([Preamble, .. problems], e.Message.Split(Environment.NewLine));
    }
}
