using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>The training model against the PyTorch reference: forward, loss, every gradient by name, three AdamW steps.</summary>
public class GoldenModelTests
{
    public static TheoryData<string> Models => GoldenFixture.Models;

    [Theory, MemberData(nameof(Models))]
    public void LogitsAndLossAgree(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        using var run = new GoldenRun(golden);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();

        Close("logits", golden, run.Model.forward(run.Tokens), Tolerance.Logits);
        Close("loss", golden, run.Loss().reshape(1), Tolerance.Loss);
    }

    [Theory, MemberData(nameof(Models))]
    public void EveryGradientAgrees(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        using var run = new GoldenRun(golden);
        using DisposeScope scope = NewDisposeScope();

        Tensor loss = run.Backward();

        Close("loss", golden, loss.reshape(1), Tolerance.Loss);
        foreach (string name in run.Names)
            Close($"grad.{name}", golden, run.Model.Parameters.GradientOf(name), Tolerance.Gradient);
        Assert.Equal(golden.Names.Where(name => name.StartsWith("grad.", StringComparison.Ordinal)).Order(),
            run.Names.Select(name => $"grad.{name}").Order());
    }

    [Theory, MemberData(nameof(Models))]
    public void EveryGradientOfTheDefinitionAgrees(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        using var run = new GoldenRun(golden);
        using DisposeScope scope = NewDisposeScope();

        run.Loss().backward();

        foreach (string name in run.Names)
            Close($"grad.{name}", golden, run.Model.Parameters.GradientOf(name), Tolerance.Gradient);
    }

    [Theory, MemberData(nameof(Models))]
    public void ProjectedMatricesAgree(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        using var run = new GoldenRun(golden);
        if (run.Model.Mhc is null)
        {
            Assert.DoesNotContain(golden.Names, name => name.EndsWith(".H_res", StringComparison.Ordinal));
            return;
        }
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();

        StaticMhc.Matrices h = run.Model.Mhc.Project();

        foreach ((int sublayer, string path) in ParameterTable.Sublayers(run.Model.Config).Index())
        {
            Close($"proj.{path}.H_res", golden, h.HRes[sublayer], Tolerance.Projection);
            Close($"proj.{path}.H_pre", golden, h.HPre[sublayer], Tolerance.Projection);
            Close($"proj.{path}.H_post", golden, h.HPost[sublayer], Tolerance.Projection);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void ThreeAdamWStepsAgree(string folder)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        using var run = new GoldenRun(golden);
        using DisposeScope scope = NewDisposeScope();
        using var optimizer = new AdamW(run.Model.Parameters, 0.9, 0.95, weightDecay: 0.1);

        double[] losses = new double[3], norms = new double[3];
        for (int step = 0; step < 3; step++)
        {
            run.Model.Parameters.ZeroGradients();
            losses[step] = run.Backward().item<float>();
            norms[step] = optimizer.ClipGradients(1).item<float>();
            optimizer.Step(new(1e-3, 1e-3, ValueResidual: 1e-2));
        }

        TensorAssert.Close("step_losses", golden.Tensor("step_losses").Values, losses, Tolerance.Loss);
        TensorAssert.Close("step_grad_norms", golden.Tensor("step_grad_norms").Values, norms, Tolerance.GradientNorm);
        Close("step_loss_after", golden, run.Loss().reshape(1), Tolerance.Loss);
        foreach (string name in run.Names.Except(golden.NoiseGradients))
        {
            double[] gradient = golden.Tensor($"grad.{name}").Values;
            Close($"step3.{name}", golden, run.Model.Parameters.ValueOf(name), Tolerance.Step3,
                i => Math.Abs(gradient[i]) > Tolerance.NoiseGradient);
        }
    }

    private static void Close(string name, GoldenFixture golden, Tensor actual, double tolerance, Func<int, bool>? relevant = null) =>
        TensorAssert.Close(name, golden.Tensor(name), actual.shape, actual.ToDoubles(), tolerance, relevant);

    /// <summary>A fixture's model with its batch.</summary>
    private sealed class GoldenRun(GoldenFixture golden) : IDisposable
    {
        public MhcModel Model { get; } = MhcModel.Load(golden.Checkpoint);

        public Tensor Tokens { get; } = Batch(golden, "tokens");

        public IEnumerable<string> Names => Model.Parameters.Specs.Select(spec => spec.Name);

        public Tensor Loss() => Model.Loss(Tokens, _targets);

        public Tensor Backward() => Model.Backward(Tokens, _targets);

        public void Dispose()
        {
            Model.Dispose();
            Tokens.Dispose();
            _targets.Dispose();
        }

        private readonly Tensor _targets = Batch(golden, "targets");

        private static Tensor Batch(GoldenFixture golden, string name) => tensor(golden.Integers(name), golden.Tensor(name).Shape);
    }
}
