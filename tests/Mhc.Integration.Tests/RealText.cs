using System.Text;
using Mhc.MLNet;
using Mhc.Onnx;
using Mhc.Testing;
using Mhc.Training;
using TorchSharp;

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

    /// <summary>
    /// The first 20,000 tokens of wikitext2-test as one text, in overlapping windows; all of it with MHC_WHOLE_TEXT=1. The other side is the
    /// reference model in double precision, and what each token is scored after is worked out here a second time.
    /// </summary>
    [Fact]
    public void HasThePerplexityThatPlainLoopsInDoublePrecisionFind()
    {
        const int context = 64, stride = 48;
        bool whole = Environment.GetEnvironmentVariable("MHC_WHOLE_TEXT") == "1";
        byte[] bytes = File.ReadAllBytes(DataFile("text/wikitext2-test.txt"));
        string text = Encoding.UTF8.GetString(whole ? bytes : bytes[..20_000]);
        using TemporaryFolder temporary = Fixtures.Temporary();
        using (var model = new MhcModel(
            new() { VocabSize = 256, BlockSize = context, NLayer = 2, NHead = 2, NEmbd = 32, Streams = 4 }, seed: 1, torch.CPU))
            model.Save(temporary["checkpoint"]);
        File.WriteAllText(
            temporary["checkpoint/tokenizer.json"], """{"version":1,"type":"byte","prefix_token_id":10,"eos_token_id":null}""");
        OnnxExporter.Export(temporary["checkpoint"], temporary["model.onnx"]);
        var reference = new ReferenceModel(Onnx.Checkpoint.Open(temporary["checkpoint"]));
        using var scorer = new MhcScorer(temporary["model.onnx"], new() { Stride = stride });

        MhcScore score = scorer.Score(text);

        int[] sequence = [10, .. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];
        int[] starts = [0, .. Enumerable.Range(1, (sequence.Length - 2) / stride).Select(window => window * stride)];
        double[] logProbs = new double[sequence.Length - 1];
        Parallel.ForEach(starts.Where(start => start == 0 || start + context - stride < logProbs.Length), start =>
        {
            int first = start == 0 ? 0 : start + context - stride, end = Math.Min(start + context, logProbs.Length);
            int from = Math.Min(start, Math.Max(0, logProbs.Length - context)); // The last window is full, too.
            reference.LogProbabilities(sequence[from..end], sequence[(from + 1)..(end + 1)]).AsSpan(first - from)
                .CopyTo(logProbs.AsSpan(first));
        });
        double expected = Math.Exp(-logProbs.Average());
        Assert.Equal(logProbs.Length, score.TokenCount);
        Assert.InRange(score.Perplexity / expected - 1, -1e-5, 1e-5);
        TestContext.Current.SendDiagnosticMessage($"{score.TokenCount} tokens: perplexity {score.Perplexity}, in double precision {expected}");
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
