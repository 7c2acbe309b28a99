using Mhc.Testing;

namespace Mhc.Onnx.Tests;

public class OnnxModelSummaryTests
{
    [Fact]
    public void TellsInputsOutputsAndOperators()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(Fixtures.Folder("mhc-tiny"), folder["scores.onnx"]);
        OnnxExporter.Export(Fixtures.Folder("mhc-tiny"), folder["logits.onnx"], new() { Outputs = OnnxOutputs.Logits });

        OnnxModelSummary scores = OnnxModelSummary.Read(folder["scores.onnx"]), logits = OnnxModelSummary.Read(folder["logits.onnx"]);

        Assert.Equal(["input_ids int64 [batch, tokens]", "positions int64 [scored]", "targets int64 [scored]"], scores.Inputs);
        Assert.Equal(["logprobs float [scored]"], scores.Outputs);
        Assert.Equal(["input_ids int64 [batch, tokens]"], logits.Inputs);
        Assert.Equal(["logits float [batch, tokens, 23]"], logits.Outputs);
        Assert.Equal(20, scores.Opset);
        Assert.Equal("Mhc.Onnx 0.1.0", scores.Producer);
        Assert.Equal(2, scores.OperatorCounts["Gelu"]);
        Assert.Equal(9, scores.OperatorCounts["Gemm"]);
    }

    [Fact]
    public void FileThatIsNotThereIsNamed()
    {
        var e = Assert.Throws<FileNotFoundException>(() => OnnxModelSummary.Read("no/such.onnx"));

        Assert.Equal(
            "There is no file 'no/such.onnx'; expected an exported model. Make one with `mhc export`, or correct the path.", e.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"not\": \"a model\"}")]
    public void FileThatIsNoModelIsRefused(string content)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["model.onnx"], content);

        var e = Assert.Throws<InvalidDataException>(() => OnnxModelSummary.Read(folder["model.onnx"]));

        Assert.Equal($"'{folder["model.onnx"]}' is not an ONNX model; expected an exported one. Make one with `mhc export`.", e.Message);
    }

    [Fact]
    public void ModelOfAnotherProducerIsRefused()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        var opset = new Wire.OperatorSetIdProto { Version = 17 };
        var other = new Wire.ModelProto { ProducerName = "pytorch", Graph = new(), OpsetImport = { opset } };
        File.WriteAllBytes(folder["model.onnx"], Google.Protobuf.MessageExtensions.ToByteArray(other));

        var e = Assert.Throws<InvalidDataException>(() => OnnxModelSummary.Read(folder["model.onnx"]));

        Assert.Equal($"'{folder["model.onnx"]}' was produced by 'pytorch', expected 'Mhc.Onnx'. Make one with `mhc export`.", e.Message);
    }
}
