using Google.Protobuf;
using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>What the branches give in the graph is what they give in the reference model.</summary>
public class TracedModelTests
{
    [Theory]
    [InlineData("mhc4_vres", 17), InlineData("hc4_frac2", 20), InlineData("baseline", 20)]
    public void BranchOutputsAgreeWithTheReferenceModel(string name, int opset)
    {
        using GoldenFixture golden = GoldenFixture.Open(name);
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(golden.Checkpoint, folder["model.onnx"], new() { Outputs = OnnxOutputs.Logits, Opset = opset });
        int[] tokens = golden.Sequences("tokens")[0];

        TracedModel traced = TracedModel.Read(folder["model.onnx"]);

        ReferenceTrace reference = new ReferenceModel(Checkpoint.Open(golden.Checkpoint)).Trace(tokens);
        Assert.Equal(reference.BranchOutputs.Select(branch => branch.Module), traced.BranchOutputs.Select(branch => branch.Module));
        Assert.Equal("transformer.h.0.attn transformer.h.0.mlp", string.Join(' ', traced.BranchOutputs.Take(2).Select(branch => branch.Module)));
        foreach (((string module, double[][] expected), (_, string output)) in reference.BranchOutputs.Zip(traced.BranchOutputs))
        {
            ModelProto model = ModelProto.Parser.ParseFrom(traced.Model.ToArray());
            ValueInfoProto only = model.Graph.Output.Single(value => value.Name == output);
            model.Graph.Output.Clear();
            model.Graph.Output.Add(only);
            using OrtModel ort = OrtModel.Of(model);
            TensorAssert.Close(module, [.. expected.SelectMany(row => row)], TensorAssert.Doubles(ort.Logits([tokens])), Tolerance.Logits);
        }
    }

    [Fact]
    public void FileThatIsNoModelIsRefused()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        var model = new ModelProto { ProducerName = "pytorch", Graph = new(), OpsetImport = { new OperatorSetIdProto() } };
        File.WriteAllBytes(folder["model.onnx"], model.ToByteArray());

        var e = Assert.Throws<InvalidDataException>(() => TracedModel.Read(folder["model.onnx"]));

        Assert.Equal($"'{folder["model.onnx"]}' was produced by 'pytorch', expected 'Mhc.Onnx'. Make one with `mhc export`.", e.Message);
    }
}
