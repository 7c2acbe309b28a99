using TorchSharp;

namespace Mhc.Training.Tests;

/// <summary>What `mhc bench train` times.</summary>
public class MeasuredUpdates
{
    private static readonly string[] Tiny =
        ["n_layer=1", "n_head=2", "n_embd=16", "block_size=16", "batch_size=3", "grad_accum=2", "device=cpu"];

    [Fact]
    public void AreOfTheSizeOfTheSettings()
    {
        using var benchmark = new TrainingBenchmark(RunSettings.Resolve("smoke", settings: [.. Tiny, "vocab_size=300"]));
        using var withoutVocabulary = new TrainingBenchmark(RunSettings.Resolve("smoke", settings: Tiny));

        Assert.Equal(3 * 2 * 16, benchmark.TokensPerUpdate);
        Assert.Equal((300 - 65) * 16, benchmark.ParameterCount - withoutVocabulary.ParameterCount);
        Assert.True(benchmark.Update() > TimeSpan.Zero);
    }

    [Fact]
    public void LeaveNoTensorsBehind()
    {
        using var benchmark = new TrainingBenchmark(RunSettings.Resolve("smoke", settings: Tiny));
        benchmark.Update();
        long live = torch.Tensor.TotalCount;

        for (int i = 0; i < 20; i++)
            benchmark.Update();

        Assert.Equal(live, torch.Tensor.TotalCount);
    }

    [Fact]
    public void HaveAYardstickOnTheSameDevice()
    {
        Assert.InRange(TrainingBenchmark.MatmulGflops("cpu"), 0.1, 1e6);
        Assert.Equal("`device` is \"gpu\", expected cpu, cuda, cuda:N or auto.",
            Assert.Throws<InvalidDataException>(() => TrainingBenchmark.StartRuntime("gpu")).Message);
    }
}
