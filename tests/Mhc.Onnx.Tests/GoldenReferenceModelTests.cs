using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>The reference model against the PyTorch reference in double precision.</summary>
public class GoldenReferenceModelTests
{
    public static TheoryData<string> Models => GoldenFixture.Models;

    [Theory, MemberData(nameof(Models))]
    public void LogitsAndLossAgree(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        Checkpoint checkpoint = Checkpoint.Open(golden.Checkpoint);
        var model = new ReferenceModel(checkpoint);
        int[][] tokens = golden.Sequences("tokens"), targets = golden.Sequences("targets");

        double[] logits = [.. tokens.SelectMany(sequence => model.Logits(sequence).SelectMany(row => row))];
        double loss = model.Loss(tokens.Zip(targets, (sequence, next) => ((IReadOnlyList<int>)sequence, (IReadOnlyList<int>)next)));

        TensorAssert.Close("logits_f64", golden.Tensor("logits_f64").Values, logits, Tolerance.Float64);
        TensorAssert.Close("loss_f64", golden.Tensor("loss_f64").Values, [loss], Tolerance.Float64);
    }
}
