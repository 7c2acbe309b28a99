using Mhc.MLNet;
using Mhc.Onnx;
using Mhc.Testing;
using Mhc.Training;

namespace Mhc.Integration.Tests;

/// <summary>Text that people wrote, which lies beside the repository where there is some.</summary>
public class RealText(RealText.ShakespeareModel shakespeareModel) : IClassFixture<RealText.ShakespeareModel>
{
    [Fact]
    public void HasTheTokensOfAnIndependentTokenizer()
    {
        using TemporaryFolder temporary = Fixtures.Temporary();
        CommandLineTool.MustRun("prepare", DataFile("text/wikitext2-valid.txt"), DataFile("text/wikitext2-test.txt"),
            "--out", temporary["shards"], "--tokenizer", "gpt2", "--tokenizer-folder", Path.GetDirectoryName(DataFile("gpt2/vocab.json"))!,
            "--separator", "none", "--val-tokens", "258659");

        foreach (string name in (string[])["val_000000.bin", "train_000001.bin"])
            Assert.Equal(File.ReadAllBytes(DataFile($"fineweb/fineweb_{name}")), File.ReadAllBytes(temporary[$"shards/{name}"]));
    }

    [Fact]
    public void IsToldFromItsOwnWordsShuffled()
    {
        string shakespeare = DataFile("text/tinyshakespeare.txt");
        using TemporaryFolder temporary = Fixtures.Temporary();
        OnnxExporter.Export(shakespeareModel.Checkpoint(shakespeare), temporary["model.onnx"]);
        using var scorer = new MhcScorer(temporary["model.onnx"]);
        string[] lines = [.. File.ReadLines(shakespeare).Where(line => line.Split(' ').Length > 5).TakeLast(300)];
        var random = new Random(1);
        string[] shuffled = [.. lines.Select(line => string.Join(' ', line.Split(' ').OrderBy(_ => random.Next())))];

        IReadOnlyList<MhcScore> ordered = scorer.Score(lines), disordered = scorer.Score(shuffled);

        int ordersFound = lines.Index().Count(line => ordered[line.Index].LogLikelihood > disordered[line.Index].LogLikelihood);
        Assert.True(ordersFound > 0.7 * lines.Length,
            $"The order that was written is the likelier one in {ordersFound} of {lines.Length} lines only.");
    }

    [Theory]
    [InlineData(OnnxPrecision.Float16Weights, 0.0002)]
    [InlineData(OnnxPrecision.Float16, 0.0002)]
    [InlineData(OnnxPrecision.Int8, 0.005)]
    [InlineData(OnnxPrecision.Int4, 0.05)]
    public void KeepsItsPerplexityInSmallerWeights(OnnxPrecision precision, double atMost)
    {
        string shakespeare = DataFile("text/tinyshakespeare.txt");
        using TemporaryFolder temporary = Fixtures.Temporary();
        string[] lines = [.. File.ReadLines(shakespeare).TakeLast(500)];

        double whole = Perplexity(OnnxPrecision.Float32), small = Perplexity(precision);

        Assert.InRange(Math.Abs(small / whole - 1), 0, atMost);

        double Perplexity(OnnxPrecision precision)
        {
            OnnxExporter.Export(shakespeareModel.Checkpoint(shakespeare), temporary["model.onnx"], new() { Precision = precision });
            using var scorer = new MhcScorer(temporary["model.onnx"]);
            IReadOnlyList<MhcScore> scores = scorer.Score(lines);
            return Math.Exp(-scores.Sum(score => score.LogLikelihood) / scores.Sum(score => score.TokenCount));
        }
    }

    /// <summary>Trained once, by the first test that needs it.</summary>
    public sealed class ShakespeareModel : IDisposable
    {
        private readonly TemporaryFolder _temporary = Fixtures.Temporary();
        private string? _checkpoint;

        public string Checkpoint(string text)
        {
            if (_checkpoint is null)
            {
                TextDataset data = TextDataset.FromFiles(text, TokenizerKind.Char);
                var config = new MhcConfig { VocabSize = data.Tokenizer.VocabSize, BlockSize = 64, NLayer = 2, NHead = 4, NEmbd = 64 };
                _checkpoint = Trainer.Train(config,
                    new TrainingOptions { MaxIters = 300, EvalInterval = 150, LearningRate = 3e-3, WarmupIters = 20, Device = "cpu" },
                    data, _temporary["run"]).BestFolder;
            }
            return _checkpoint;
        }

        public void Dispose() => _temporary.Dispose();
    }

    private static string DataFile(string name)
    {
        string folder = Environment.GetEnvironmentVariable("MHC_DATA") ?? Path.Combine(Fixtures.Repository, "..", "shared", "data");
        string path = Path.Combine(folder, name);
        Assert.SkipUnless(File.Exists(path), $"{path} is not there; MHC_DATA can name another folder.");
        return path;
    }
}
