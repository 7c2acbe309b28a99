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
    public void TellsBytesByKindOfTensor()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(Fixtures.Folder("mhc-tiny"), folder["model.onnx"]);

        IReadOnlyDictionary<string, long> bytes = OnnxModelSummary.Read(folder["model.onnx"]).TensorBytes;

        // 23 tokens, 11 positions, 20 channels, 2 blocks, biases.
        Assert.Equal(["embedding", "attention", "mlp", "norms", "residual", "constants"], bytes.Keys);
        Assert.Equal(4 * (23 + 11) * 20, bytes["embedding"]);
        Assert.Equal(4 * 2 * ((20 + 1) * 60 + (20 + 1) * 20), bytes["attention"]);
        Assert.Equal(4 * 2 * ((20 + 1) * 80 + (80 + 1) * 20), bytes["mlp"]);
        Assert.Equal(4 * (2 * 2 + 1) * 2 * 20, bytes["norms"]);
        Assert.InRange(bytes["residual"], 1, 400);
        Assert.InRange(bytes["constants"], 1, 400);
    }

    [Fact]
    public void TellsTheMatricesThatWereProjected()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(Fixtures.Folder("mhc-tiny"), folder["model.onnx"]);

        IReadOnlyList<HMatrices> found = OnnxModelSummary.Read(folder["model.onnx"]).HMatrices;

        IReadOnlyList<HMatrices> projected = Checkpoint.Open(Fixtures.Folder("mhc-tiny")).ProjectHMatrices();
        Assert.Equal(projected.Select(h => h.Sublayer), found.Select(h => h.Sublayer));
        Assert.Equal(projected.SelectMany(h => h.HRes.SelectMany(row => row)), found.SelectMany(h => h.HRes.SelectMany(row => row)));
        Assert.Equal(projected.SelectMany(h => h.HPre.Concat(h.HPost)), found.SelectMany(h => h.HPre.Concat(h.HPost)));
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
