using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Attention as one operator, which the standard has from opset 23 on.</summary>
public class AttentionTests
{
    private static readonly int[][] Tokens = [[3, 22, 0, 7, 7, 19, 1], [11, 4, 4, 21, 16, 2, 9]];

    [Theory]
    [InlineData(20, 0), InlineData(23, 2)]
    public void IsOneOperatorABlock(int opset, int count)
    {
        Checkpoint tiny = Checkpoint.Open(Fixtures.Folder("mhc-tiny"));

        ModelProto model = OnnxExporter.Model(tiny, HMatrices.Project(tiny), new() { Opset = opset }).Proto;

        Assert.Equal(opset, model.OpsetImport.Single().Version);
        Assert.Equal(count, model.Graph.Node.Count(node => node.OpType == "Attention"));
        Assert.Equal(count == 0, model.Graph.Node.Any(node => node.OpType is "Softmax" or "Trilu"));
    }

    [Theory]
    [InlineData("None", "None"), InlineData("Mhc", "Free"), InlineData("Hc", "Constrained"), InlineData("MhcDynamic", "Free")]
    public void LogitsAgreeWithTheReferenceModel(string residual, string values)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny with
        {
            Residual = Enum.Parse<ResidualMode>(residual),
            ValueResidual = Enum.Parse<ValueResidual>(values),
        });
        Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        var reference = new ReferenceModel(checkpoint);
        using OrtModel model = OrtModel.Of(
            OnnxExporter.Model(checkpoint, HMatrices.Project(checkpoint), new() { Outputs = OnnxOutputs.Logits, Opset = 23 }));

        float[] logits = model.Logits(Tokens);

        TensorAssert.Close("logits", [.. Tokens.SelectMany(sequence => reference.Logits(sequence).SelectMany(row => row))],
            TensorAssert.Doubles(logits), Tolerance.Logits);
    }
}
