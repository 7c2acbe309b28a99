using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>One stream with softmax maps: every mixing weight is 1, so mHC is the plain residual.</summary>
public class OneStreamTests
{
    [Theory]
    [InlineData(nameof(HResProjection.Sinkhorn))]
    [InlineData(nameof(HResProjection.Identity))]
    [InlineData(nameof(HResProjection.Permutation))]
    [InlineData(nameof(HResProjection.Circulant))]
    public void IsThePlainResidual(string projection)
    {
        MhcConfig one = SyntheticCheckpoint.Tiny with { Streams = 1, HRes = Enum.Parse<HResProjection>(projection) };
        using TemporaryFolder mhc = Fixtures.Temporary(), plain = Fixtures.Temporary();
        SyntheticCheckpoint.Write(mhc.Path, one);
        Checkpoint checkpoint = Checkpoint.Open(mhc.Path);
        MhcConfig none = one with { Residual = ResidualMode.None };
        File.WriteAllText(plain["config.json"], SyntheticCheckpoint.Json(none).ToJsonString());
        SafetensorsWriter.Write(plain["model.safetensors"], ParameterTable.Of(none)
            .Select(parameter => (parameter, checkpoint.Read(parameter.Name))));
        using OrtModel withStreams = OrtModel.Export(mhc.Path, OnnxOutputs.Logits);
        using OrtModel without = OrtModel.Export(plain.Path, OnnxOutputs.Logits);
        int[][] tokens = [[5, 0, 19, 22, 3]];

        TensorAssert.Close("logits", TensorAssert.Doubles(without.Logits(tokens)), TensorAssert.Doubles(withStreams.Logits(tokens)),
            Tolerance.Logits);
    }
}
