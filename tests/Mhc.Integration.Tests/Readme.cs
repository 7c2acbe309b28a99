using System.Text.RegularExpressions;
using Mhc.MLNet;
using Mhc.Onnx;
using Mhc.Testing;
using Mhc.Training;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.Integration.Tests;

/// <summary>What the README tells a user to do is what is done here.</summary>
public partial class Readme
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Fixtures.Repository, "README.md"));

    private sealed record Line(string Text);

    [Fact]
    public void ItsExampleRuns()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllLines(folder["lines.txt"], Enumerable.Range(0, 400).Select(i => $"request {i} took {i % 97} ms"));
        string lines = folder["lines.txt"], run = folder["run"], onnx = folder["model.onnx"], zip = folder["pipeline.zip"];
        TrainingOptions options = new() { MaxIters = 10, EvalInterval = 10, EvalIters = 1 };
        Line[] newLines = [new("request 7 took 12 ms"), new("segmentation fault")];

        // readme: begin
        // Train on ordinary text, one line after the other, without labels.
        TextDataset text = TextDataset.FromFiles(lines);
        var config = new MhcConfig { VocabSize = text.Tokenizer.VocabSize, BlockSize = 128, NLayer = 3, NHead = 4, NEmbd = 96 };
        TrainingResult trained = Trainer.Train(config, options, text, run);

        // Export: the .onnx alone is enough to score text.
        OnnxExporter.Export(trained.BestFolder, onnx);

        // Score text in an ML.NET pipeline, which saves and loads like any other.
        var mlContext = new MLContext();
        IDataView data = mlContext.Data.LoadFromEnumerable(newLines);
        var pipeline = mlContext.ScoreMhc(new MhcScoringOptions { ModelPath = onnx, TextColumn = "Text" }).Fit(data);
        mlContext.Model.Save(pipeline, data.Schema, zip);
        float[] bitsPerByte = [.. pipeline.Transform(data).GetColumn<float>("BitsPerByte")];

        // Or without ML.NET: thread-safe, batched.
        using var scorer = new MhcScorer(onnx);
        MhcScore score = scorer.Score("request 7 took 12 ms");
        // readme: end

        Assert.Equal((float)score.BitsPerByte, bitsPerByte[0]);
        Assert.Contains(Unindented(Example()), Text, StringComparison.Ordinal);
    }

    [Fact]
    public void HasNoPlaceholders() => Assert.DoesNotContain("@@", Text, StringComparison.Ordinal);

    [Fact]
    public void ItsCommandsAreThoseOfTheContinuousIntegration() => Assert.All(
        ["dotnet test -c Release", "dotnet run -c Release --project samples/Quickstart"],
        command =>
        {
            Assert.Contains($"```sh\n{command}\n```", Text, StringComparison.Ordinal);
            Assert.Contains(command, File.ReadAllText(Path.Combine(Fixtures.Repository, ".ci", "run")), StringComparison.Ordinal);
        });

    [Fact]
    public void ItsLinksLeadSomewhere() => Assert.All(
        Links().Matches(Text).Select(match => match.Groups[1].Value).Where(link => !link.StartsWith("http", StringComparison.Ordinal)),
        link => Assert.True(Path.Exists(Path.Combine(Fixtures.Repository, link)), $"README.md links to {link}, which is not there."));

    private static string Example()
    {
        string source = File.ReadAllText(Path.Combine(Fixtures.Repository, "tests/Mhc.Integration.Tests/Readme.cs"));
        int begin = source.IndexOf("// readme: begin\n", StringComparison.Ordinal) + "// readme: begin\n".Length;
        return source[begin..source.IndexOf("        // readme: end", StringComparison.Ordinal)];
    }

    private static string Unindented(string code) => string.Join('\n', code.Split('\n').Select(line => line.Length > 8 ? line[8..] : ""));

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Links();
}
