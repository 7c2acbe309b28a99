using Mhc.MLNet;
using Mhc.Testing;
using Mhc.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Integration.Tests;

/// <summary>A gpt2 tokenizer on its way from shards through a checkpoint and an .onnx file to scores.</summary>
public class BytePairsBecomeScores
{
    [Fact]
    public void TheScorerFindsWhatTheTrainersModelFinds()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        string[] lines = [.. Enumerable.Range(0, 40).Select(i => $"the line {i} of a thé,  \t日本 'then' 😀\r")];
        File.WriteAllLines(folder["text.txt"], lines);
        CommandLineTool.MustRun("prepare", folder["text.txt"], "--out", folder["shards"], "--shard-tokens", "500",
            "--tokenizer-folder", TinyGpt2.Write(folder["gpt2"]));
        CommandLineTool.MustRun("train", "--data", folder["shards"], "--out", folder["run"], "--device", "cpu", "--max-iters", "2",
            "--set", "block_size=64", "--set", "batch_size=2", "--set", "eval_iters=1", "--set", "n_embd=16");
        CommandLineTool.MustRun("export", "--checkpoint", folder["run/best"], "--out", folder["model.onnx"]);

        using MhcModel model = MhcModel.Load(folder["run/best"]);
        using var scorer = new MhcScorer(folder["model.onnx"]);
        TextTokenizer tokenizer = TextTokenizer.Read(folder["run/best/tokenizer.json"]);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        Assert.Equal(("gpt2", TinyGpt2.EndOfText), (scorer.Model.TokenizerType, scorer.Model.PrefixTokenId));
        foreach (string line in lines.Append("\n\n the <|endoftext|>\ud800 x"))
        {
            long[] ids = [.. tokenizer.Encode(line).Select(id => (long)id)];
            float loss = model.Loss(
                tensor((long[])[tokenizer.PrefixTokenId!.Value, .. ids[..^1]], [1, ids.Length]),
                tensor(ids, [1, ids.Length])).item<float>();

            MhcScore score = scorer.Score(line);

            Assert.Equal((ids.Length, 0), (score.TokenCount, score.UnknownCount));
            Assert.Equal(loss, -score.LogLikelihood / score.TokenCount, Tolerance.Logits);
        }
    }
}
