using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Mhc.MLNet;
using Mhc.Onnx;
using Mhc.Testing;
using Mhc.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Integration.Tests;

/// <summary>Each residual design from its settings to scores: what is trained is what scores.</summary>
public class EveryDesign
{
    // Two blocks of 16 channels; a learning rate that moves every parameter away from where it starts.
    private static readonly string[] Tiny =
    [
        "n_layer=2", "n_embd=16", "n_head=2", "block_size=24", "batch_size=4", "max_iters=20", "eval_interval=20", "eval_iters=1",
        "learning_rate=0.02", "warmup_iters=0", "device=cpu",
    ];

    private static readonly string[] Lines = [.. Enumerable.Range(0, 60).Select(i => $"line {i} of {i % 7} things")];

    [Theory]
    [InlineData("residual=none", "value_residual=free")]
    [InlineData("residual=hc", "streams=3", "stream_reduce=learned")]
    [InlineData("residual=hc", "streams=3", "fracs=2", "value_residual=constrained")]
    [InlineData("residual=mhc", "h_res=sinkhorn", "identity_mix=true", "value_residual=free")]
    [InlineData("residual=mhc", "h_res=identity", "h_pre=sigmoid", "h_post=sigmoid", "stream_reduce=mean")]
    [InlineData("residual=mhc", "h_res=orthostochastic", "identity_mix=true", "identity_mix_alpha=0.5")]
    [InlineData("residual=mhc", "h_res=permutation", "streams=3", "stream_reduce=learned")]
    [InlineData("residual=mhc", "h_res=kronecker", "streams=8", "value_residual=constrained")]
    [InlineData("residual=mhc", "h_res=circulant", "streams=3", "circulant_beta=3")]
    [InlineData("residual=mhc_dynamic", "streams=3", "h_res_iters=5", "stream_reduce=mean", "value_residual=free")]
    public void ScoresAsItWasTrained(params string[] settings)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllLines(folder["text.txt"], Lines);
        RunSettings run = RunSettings.Resolve("smoke", settings: [.. Tiny, .. settings]);
        TextDataset data = TextDataset.FromFiles(folder["text.txt"], run.Training.Tokenizer, run.Training.ValFraction);

        string checkpoint = Trainer.Train(run.ModelFor(data.Tokenizer), run.Training, data, folder["run"]).LastFolder;
        AssertScoresAreTheTrainersOwn(checkpoint);

        // Updates leave some of what a design adds near its first values, where a wrong order of its elements would not be seen.
        MakeNoiseOfTheResidualDesign(Path.Combine(checkpoint, "model.safetensors"));
        AssertScoresAreTheTrainersOwn(checkpoint);
        AssertTextIsTheTrainersOwn(checkpoint);
    }

    [Fact]
    public void InspectionSaysWhyThereAreNoMatrices()
    {
        using GoldenFixture golden = GoldenFixture.Open("hc4");

        Assert.Contains("No stream matrices to show", CommandLineTool.MustRun("inspect", golden.Checkpoint), StringComparison.Ordinal);
    }

    private static void AssertScoresAreTheTrainersOwn(string checkpoint)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(checkpoint, folder["model.onnx"]);
        using MhcModel model = MhcModel.Load(checkpoint);
        using var scorer = new MhcScorer(folder["model.onnx"]);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        foreach (string line in Lines.Take(5))
        {
            long[] ids = [.. TextTokenizer.Byte().Encode(line).Select(id => (long)id)];
            Tensor tokens = tensor((long[])['\n', .. ids[..^1]], [1, ids.Length]);

            MhcScore score = scorer.Score(line);

            float loss = model.Loss(tokens, tensor(ids, [1, ids.Length])).item<float>();
            Assert.Equal(loss, -score.LogLikelihood / ids.Length, Tolerance.Logits);
        }
    }

    // Token for token until the context is full, the likeliest ones and drawn ones: in one batch of prompts of different lengths.
    private static void AssertTextIsTheTrainersOwn(string checkpoint)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(checkpoint, folder["model.onnx"], new() { Outputs = OnnxOutputs.Decoder });
        using TextGenerator trainer = TextGenerator.Load(checkpoint);
        using var exported = new MhcGenerator(folder["model.onnx"]);
        string[] prompts = ["line 1", "line 12 of 5 thi", ""];
        foreach ((double temperature, int? topK, double topP) in ((double, int?, double)[])[(0, null, 1), (0.8, 40, 0.9)])
        {
            var options = new MhcGenerationOptions { Temperature = temperature, TopK = topK, TopP = topP, MaxTokens = 100 };

            IReadOnlyList<MhcGeneratedText> texts = exported.GenerateBatch(prompts, options);

            foreach ((int number, string prompt) in prompts.Index())
            {
                int tokens = exported.Model.ContextLength + 1 - Math.Max(1, prompt.Length);
                var same = new GenerationOptions { Temperature = temperature, TopK = topK, TopP = topP, MaxTokens = tokens };
                Assert.Equal(string.Concat(trainer.Generate(prompt, same, number)), texts[number].Text);
                Assert.Equal(MhcStopReason.ContextFull, texts[number].StopReason);
            }
        }
    }

    // Every element of hyper-connections, value residual and reduction becomes a number between −1 and 1.
    private static void MakeNoiseOfTheResidualDesign(string safetensors)
    {
        byte[] file = File.ReadAllBytes(safetensors);
        int data = sizeof(ulong) + (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        var random = new Random(1);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(sizeof(ulong)..data));
        foreach (JsonProperty tensor in header.RootElement.EnumerateObject())
        {
            if (!tensor.Name.Contains(".hc_", StringComparison.Ordinal) && !tensor.Name.Contains("lamb", StringComparison.Ordinal)
                && !tensor.Name.Contains("stream_reduce", StringComparison.Ordinal))
                continue;
            JsonElement offsets = tensor.Value.GetProperty("data_offsets");
            Range range = (data + offsets[0].GetInt32())..(data + offsets[1].GetInt32());
            foreach (ref float value in MemoryMarshal.Cast<byte, float>(file.AsSpan(range)))
                value = 2 * random.NextSingle() - 1;
        }
        File.WriteAllBytes(safetensors, file);
    }
}
