using System.Text.Json;
using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>A run of 300 updates of the PyTorch reference, replayed from its initial weights and its batches.</summary>
public class GoldenLearningCurveTests
{
    [Theory]
    [InlineData("baseline", ResidualMode.None, null)]
    [InlineData("mhc4", ResidualMode.Mhc, "init_mhc4_extra.safetensors")]
    public void EveryLossOfTheRunAgrees(string variant, ResidualMode residual, string? extraWeights)
    {
        string folder = GoldenFixture.Resolve("learning_curve");
        using JsonDocument results = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "results.json")));
        double[] expected = [.. results.RootElement.GetProperty("runs").GetProperty(variant).GetProperty("1337").GetProperty("train_losses").EnumerateArray().Select(loss => loss.GetDouble())];
        int[] text = Encode(File.ReadAllText(Path.Combine(folder, "text.txt")), results.RootElement.GetProperty("settings").GetProperty("chars").GetString()!);
        double[] starts = GoldenFixture.ReadAll("learning_curve", "train_ix_seed1337.safetensors")["train_ix"].Values;
        var config = new MhcConfig
        {
            VocabSize = 84,
            BlockSize = 64,
            NLayer = 4,
            NHead = 4,
            NEmbd = 64,
            Residual = residual,
            HResIters = 10,
            HResTau = 0.05,
            StreamReduce = StreamReduce.Sum,
            Init = Initialization.Parity,
        };
        var options = new TrainingOptions { MaxIters = 300, WarmupIters = 20, LearningRate = 1e-3, MinLr = 1e-4 };
        using var model = new MhcModel(config, CPU);
        SetWeights(model, "init_common_seed1337.safetensors");
        if (extraWeights is not null)
            SetWeights(model, extraWeights);
        using var optimizer = new AdamW(model.Parameters, 0.9, 0.95, weightDecay: 0.1);

        double[] losses = new double[300];
        for (int step = 0; step < losses.Length; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            int[] batch = [.. starts.Skip(step * 16).Take(16).Select(start => (int)start)];
            (Tensor tokens, Tensor targets) = WindowSampler.Batch(text, batch, config.BlockSize, CPU);
            model.Parameters.ZeroGradients();
            Tensor loss = model.Loss(tokens, targets, training: true);
            loss.backward();
            losses[step] = loss.item<float>();
            optimizer.ClipGradients(1);
            optimizer.Step(CosineSchedule.At(step, options));
        }

        TensorAssert.Close($"losses of {variant}", expected, losses, Tolerance.LearningCurve);
    }

    private static int[] Encode(string text, string characters) => [.. text.Select(character => characters.IndexOf(character))];

    private static void SetWeights(MhcModel model, string file)
    {
        using SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(GoldenFixture.Resolve("learning_curve"), file));
        foreach (string name in weights.Tensors.Keys.Intersect(model.Parameters.Specs.Select(spec => spec.Name)))
            model.Parameters.SetBytes(name, weights.ReadBytes(name));
    }
}
