using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Exported graphs in ONNX Runtime against the PyTorch reference.</summary>
public class GoldenExportTests
{
    public static TheoryData<string> Models => GoldenFixture.Models;

    [Theory, MemberData(nameof(Models))]
    public void LogitsAgree(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        using OrtModel model = OrtModel.Export(golden.Checkpoint, OnnxOutputs.Logits);

        float[] logits = model.Logits(golden.Sequences("tokens"));

        TensorAssert.Close("logits", golden.Tensor("logits").Values, TensorAssert.Doubles(logits), Tolerance.Logits);
    }

    [Theory, MemberData(nameof(Models))]
    public void LogitsOfTheOlderOpsetAgree(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        using OrtModel model = OrtModel.Export(golden.Checkpoint, new OnnxExportOptions { Outputs = OnnxOutputs.Logits, Opset = 17 });

        float[] logits = model.Logits(golden.Sequences("tokens"));

        TensorAssert.Close("logits", golden.Tensor("logits").Values, TensorAssert.Doubles(logits), Tolerance.Logits);
    }

    [Theory, MemberData(nameof(Models))]
    public void LogProbabilitiesAgree(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        using OrtModel model = OrtModel.Export(golden.Checkpoint, OnnxOutputs.Scores);
        long[] targets = golden.Integers("targets");

        float[] logprobs = model.Scores(golden.Sequences("tokens"), OrtModel.Range(0, targets.Length), targets);

        TensorAssert.Close("logprobs", golden.Tensor("logprobs").Values, TensorAssert.Doubles(logprobs), Tolerance.Logits);
    }
}
