using System.Text.Json;
using Mhc.MLNet;
using Mhc.Testing;
using Mhc.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Integration.Tests;

/// <summary>A model trained, exported and scored with on the command line, and the same model in the trainer's own hands.</summary>
public sealed class TextBecomesScores : IClassFixture<TextBecomesScores.TrainedModel>
{
    /// <summary>Trained and exported once for all tests.</summary>
    public sealed class TrainedModel : IDisposable
    {
        private readonly TemporaryFolder _folder = Fixtures.Temporary();

        public TrainedModel()
        {
            File.WriteAllLines(this["text.txt"], Lines);
            Output = CommandLineTool.MustRun("train", "--data", this["text.txt"], "--out", this["run"], "--max-iters", "60",
                "--set", "block_size=40", "--set", "eval_interval=30", "--set", "batch_size=8", "--set", "n_embd=32",
                "--set", "learning_rate=0.01", "--device", "cpu");
            CommandLineTool.MustRun("export", "--checkpoint", this["run/best"], "--out", this["model.onnx"]);
        }

        public static IReadOnlyList<string> Lines =>
        [
            .. Enumerable.Range(0, 200).Select(i => i == 195 ? $"line {i} is longer than the context {i % 7}{new string('!', 90)}"
                : i % 10 == 3 ? $"näive line {i}: 日本" : $"line {i} of {i % 7} things"),
        ];

        public string Output { get; }

        public string this[string name] => _folder[name];

        public void Dispose() => _folder.Dispose();
    }

    private readonly TrainedModel _model;

    public TextBecomesScores(TrainedModel model) => _model = model;

    [Fact]
    public void TrainingReportsItsProgressAndTheNextCommand()
    {
        Assert.Contains("update 60/60", _model.Output, StringComparison.Ordinal);
        Assert.Contains("tokens/s", _model.Output, StringComparison.Ordinal);
        Assert.Contains("mhc export --checkpoint", _model.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void ScoringGivesARowForEachLine()
    {
        CommandLineTool.MustRun("score", "--model", _model["model.onnx"], "--input", _model["text.txt"], "--out", _model["scores.csv"]);
        string toOutput = CommandLineTool.MustRun("score", "--model", _model["model.onnx"], "--input", _model["text.txt"]);

        string[] rows = File.ReadAllLines(_model["scores.csv"]);
        Assert.Equal("Line,LogLikelihood,TokenCount,Perplexity,BitsPerByte,UnknownCount,Text", rows[0]);
        Assert.Equal(TrainedModel.Lines, rows.Skip(1).Select(row => row.Split(',', 7)[6]));
        Assert.Equal(File.ReadAllText(_model["scores.csv"]), toOutput);
    }

    [Fact]
    public void TheScorerFindsWhatTheTrainersModelFinds()
    {
        using MhcModel model = MhcModel.Load(_model["run/best"]);
        using var scorer = new MhcScorer(_model["model.onnx"]);
        TextTokenizer tokenizer = TextTokenizer.Read(_model["run/best/tokenizer.json"]);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        foreach (string line in TrainedModel.Lines.Take(20))
        {
            long[] ids = [.. tokenizer.Encode(line).Select(id => (long)id)];
            float loss = model.Loss(
                tensor((long[])[tokenizer.PrefixTokenId!.Value, .. ids[..^1]], [1, ids.Length]),
                tensor(ids, [1, ids.Length])).item<float>();

            MhcScore score = scorer.Score(line);

            Assert.Equal(ids.Length, score.TokenCount);
            Assert.Equal(loss, -score.LogLikelihood / score.TokenCount, Tolerance.Logits);
        }
    }

    [Fact]
    public void TheScorerFindsTheQuantilesOfTheValidationLines()
    {
        using JsonDocument metrics = JsonDocument.Parse(File.ReadAllText(_model["run/best/metrics.json"]));
        JsonElement validation = metrics.RootElement.GetProperty("validation");
        using var scorer = new MhcScorer(_model["model.onnx"]);
        string[] lines = [.. TrainedModel.Lines.TakeLast(validation.GetProperty("texts").GetInt32())];
        IReadOnlyList<MhcScore> scores = scorer.Score(lines);
        double[] bits = [.. scores.Select(score => score.BitsPerByte).Order()];
        double median = (bits[(lines.Length - 1) / 2] + bits[lines.Length / 2]) / 2;
        MhcQuantiles quantiles = scorer.Model.BitsPerByteQuantiles!;

        Assert.Contains(scores, score => score.WindowCount > 1);
        Assert.Equal(("line", lines.Length), (quantiles.Unit, quantiles.Count));
        Assert.Equal(median, quantiles.Value(50), Tolerance.Logits);
        Assert.Equal(bits[0], quantiles.Value(0), Tolerance.Logits);
        Assert.Equal(bits[^1], quantiles.Value(100), Tolerance.Logits);
        Assert.Equal(quantiles.Value(50), validation.GetProperty("p50").GetDouble());
        Assert.Equal(scorer.Model.Validation!.P50, validation.GetProperty("p50").GetDouble());
    }

    [Fact]
    public void InspectionShowsTheCheckpointAndTheFile()
    {
        string checkpoint = CommandLineTool.MustRun("inspect", _model["run/best"]);
        Assert.Contains("h.0.hc_attn", checkpoint, StringComparison.Ordinal);
        Assert.Contains("H_res of", checkpoint, StringComparison.Ordinal);

        string file = CommandLineTool.MustRun("inspect", _model["model.onnx"]);
        Assert.Contains("logprobs float [scored]", file, StringComparison.Ordinal);
        Assert.Contains("mhc.tokenizer", file, StringComparison.Ordinal);
    }
}
