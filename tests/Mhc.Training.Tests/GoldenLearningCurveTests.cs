using System.Text.Json;
using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>Runs of the PyTorch reference, replayed from their initial weights and their batches.</summary>
public class GoldenLearningCurveTests
{
    private const string Seed = "1337";

    public static TheoryData<string, string> Curves => GoldenFixture.LearningCurves;

    [Theory, MemberData(nameof(Curves))]
    public void EveryLossOfTheRunAgrees(string folder, string variant)
    {
        using JsonDocument results = JsonDocument.Parse(File.ReadAllText(Path.Combine(GoldenFixture.Resolve(folder), "results.json")));
        JsonElement settings = results.RootElement.GetProperty("settings");
        JsonElement run = results.RootElement.GetProperty("runs").GetProperty(variant).GetProperty(Seed);
        double[] expected = [.. run.GetProperty("train_losses").EnumerateArray().Select(loss => loss.GetDouble())];
        MhcConfig config = Config(settings, settings.GetProperty("variants").GetProperty(variant));
        int batchSize = Integer(settings, "batch_size");
        var options = new TrainingOptions
        {
            MaxIters = expected.Length,
            WarmupIters = Integer(settings, "warmup_iters"),
            LrDecayIters = Integer(settings, "lr_decay_iters"),
            LearningRate = settings.GetProperty("learning_rate").GetDouble(),
            MinLr = settings.GetProperty("min_lr").GetDouble(),
        };
        int[] text = Encode(File.ReadAllText(Path.Combine(GoldenFixture.Resolve(folder), "text.txt")),
            settings.GetProperty("chars").GetString()!);
        double[] starts = GoldenFixture.ReadAll(folder, $"train_ix_seed{Seed}.safetensors")["train_ix"].Values;
        using var model = new MhcModel(config, 0, CPU); // What no file holds starts from the same constants in both.
        SetWeights(model, folder, variant);
        using var optimizer = new AdamW(model.Parameters, settings.GetProperty("beta1").GetDouble(),
            settings.GetProperty("beta2").GetDouble(), settings.GetProperty("weight_decay").GetDouble());

        double[] losses = new double[expected.Length];
        for (int step = 0; step < losses.Length; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            long[] batch = [.. starts.Skip(step * batchSize).Take(batchSize).Select(start => (long)start)];
            (Tensor tokens, Tensor targets) = WindowSampler.Batch(new TokenArray(text), batch, config.BlockSize, CPU);
            model.Parameters.ZeroGradients();
            losses[step] = model.Backward(tokens, targets).item<float>();
            optimizer.ClipGradients(settings.GetProperty("grad_clip").GetDouble());
            optimizer.Step(CosineSchedule.Rates(CosineSchedule.At(step, options), options));
        }

        TensorAssert.Close($"losses of {variant}", expected, losses, Tolerance.LearningCurve);
    }

    private static MhcConfig Config(JsonElement settings, JsonElement variant)
    {
        bool isPlain = variant.GetProperty("hc_disable").GetBoolean(), isMhc = variant.TryGetProperty("mhc", out _);
        return new MhcConfig
        {
            VocabSize = Integer(settings, "vocab_size"),
            BlockSize = Integer(settings, "block_size"),
            NLayer = Integer(settings, "n_layer"),
            NHead = Integer(settings, "n_head"),
            NEmbd = Integer(settings, "n_embd"),
            Residual = isPlain ? ResidualMode.None : isMhc ? ResidualMode.Mhc : ResidualMode.Hc,
            Streams = Integer(variant, "hc_num_streams"),
            HRes = variant.TryGetProperty("mhc_h_res_proj", out _) ? HResProjection.Orthostochastic : HResProjection.Sinkhorn,
            ValueResidual = variant.TryGetProperty("v_residual", out _) ? ValueResidual.Free : ValueResidual.None,
            HResIters = 10,
            HResTau = 0.05,
            StreamReduce = StreamReduce.Sum,
            Init = Initialization.Parity,
        };
    }

    private static int Integer(JsonElement settings, string key) => settings.GetProperty(key).GetInt32();

    private static int[] Encode(string text, string characters) => [.. text.Select(character => characters.IndexOf(character))];

    // What all variants share, then what this one adds; a file also holds tensors that its variant makes and never uses.
    private static void SetWeights(MhcModel model, string folder, string variant)
    {
        string[] files = [$"init_common_seed{Seed}.safetensors", $"init_{variant}_extra.safetensors"];
        foreach (string file in files.Select(file => Path.Combine(GoldenFixture.Resolve(folder), file)).Where(File.Exists))
        {
            using SafetensorsFile weights = SafetensorsFile.Open(file);
            foreach (string name in weights.Tensors.Keys.Intersect(model.Parameters.Specs.Select(spec => spec.Name)))
                model.Parameters.SetBytes(name, weights.ReadBytes(name));
        }
    }
}
