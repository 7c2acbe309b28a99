using Mhc.Testing;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.Integration.Tests;

/// <summary>Models of the PyTorch reference, imported, exported and run in ONNX Runtime by the commands that a user would give.</summary>
public class GoldenCommandLineTests
{
    public static TheoryData<string> Models => GoldenFixture.Models;

    [Theory, MemberData(nameof(Models))]
    public void ImportedAndExportedModelsGiveTheReferencesLogits(string name)
    {
        using GoldenFixture golden = GoldenFixture.Open(name);
        using TemporaryFolder folder = Fixtures.Temporary();

        CommandLineTool.MustRun("import", "--reference", golden.Folder, "--out", folder["checkpoint"]);
        CommandLineTool.MustRun("export", "--checkpoint", folder["checkpoint"], "--out", folder["model.onnx"], "--outputs", "logits");

        using var session = new InferenceSession(folder["model.onnx"]);
        using OrtValue tokens = OrtValue.CreateTensorValueFromMemory(golden.Integers("tokens"), golden.Tensor("tokens").Shape);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, ["input_ids"], [tokens], ["logits"]);
        TensorAssert.Close("logits", golden.Tensor("logits"), outputs[0].GetTensorTypeAndShape().Shape,
            TensorAssert.Doubles(outputs[0].GetTensorDataAsSpan<float>()), Tolerance.Logits);
    }
}
