using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>The model of tests/fixtures/mhc-tiny: no two of its sizes agree, no weight stands where training begins.</summary>
public class TinyModelTests
{
    private static readonly Checkpoint Tiny = Checkpoint.Open(Fixtures.Folder("mhc-tiny"));

    private static readonly int[][] Tokens = [[3, 22, 0, 7, 7, 19, 1], [11, 4, 4, 21, 16, 2, 9]];

    [Fact]
    public void ParametersAreThoseOfTheFormat() => ApprovedText.Equal("mhc-tiny/parameters.verified.txt",
        Tiny.Parameters.Select(parameter => parameter.ToString()).Order(StringComparer.Ordinal));

    [Fact]
    public void ScoringGraphIsAsApproved() => ApprovedText.Equal("mhc-tiny/graph.verified.txt", GraphText.Of(Graph(OnnxOutputs.Scores)));

    [Fact]
    public void LogitsAgreeWithTheReferenceModel()
    {
        using OrtModel model = OrtModel.Export(Tiny.Folder, OnnxOutputs.Logits);
        var reference = new ReferenceModel(Tiny);

        float[] logits = model.Logits(Tokens);

        TensorAssert.Close("logits", [.. Tokens.SelectMany(sequence => reference.Logits(sequence).SelectMany(row => row))],
            TensorAssert.Doubles(logits), Tolerance.Logits);
    }

    [Fact]
    public void GraphHoldsEveryParameterButThoseThatAreFolded()
    {
        string[] initializers = [.. Graph(OnnxOutputs.Scores).Initializer.Select(tensor => tensor.Name)];

        Assert.Equal(
            Tiny.Parameters.Select(parameter => parameter.Name).Where(name => !name.EndsWith("_logits", StringComparison.Ordinal)).Order(),
            initializers.Where(name => name.EndsWith(".weight", StringComparison.Ordinal) || name.EndsWith(".bias", StringComparison.Ordinal)).Order());
        Assert.DoesNotContain(initializers, name => name.EndsWith("_logits", StringComparison.Ordinal));
    }

    [Fact]
    public void NoProjectionIsLeftInTheGraph()
    {
        NodeProto[] nodes = [.. Graph(OnnxOutputs.Scores).Node];

        Assert.Equal(["/transformer.h.0/attn/Softmax", "/transformer.h.1/attn/Softmax"], nodes.Where(node => node.OpType == "Softmax").Select(node => node.Name));
        Assert.DoesNotContain(nodes, node => node.OpType is "Exp" or "Log" or "Sigmoid" or "Div" or "Sum" or "ReduceSum" or "ReduceLogSumExp" or "Loop" or "Scan" or "If");
    }

    private static GraphProto Graph(OnnxOutputs outputs) =>
        OnnxExporter.Model(Tiny, HMatrices.Project(Tiny), new() { Outputs = outputs }).Graph;
}
