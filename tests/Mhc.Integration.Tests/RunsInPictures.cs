using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Mhc.Onnx;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary><c>mhc inspect</c> draws what <c>mhc train</c> recorded.</summary>
public partial class RunsInPictures
{
    private static readonly string[] OfMatrices = ["composite_gain.png", "connections.png", "h_pre_h_post.png", "h_res.png"];
    private static readonly string[] OfTraining = ["effective_rank.png", "lambda2.png", "loss.png", "stream_cosine.png", "stream_rms.png"];

    [Fact]
    public void AreOneFileAFigureAndOnePage()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Train(folder, "run", "tensorboard=true");

        string output = CommandLineTool.MustRun("inspect", folder["run"], "--plots", folder["plots"], "--html", folder["report.html"]);

        Assert.Equal(OfMatrices.Concat(OfTraining).Order(StringComparer.Ordinal), FilesIn(folder["plots"]));
        Assert.All(Directory.GetFiles(folder["plots"]), AssertIsPicture);
        Assert.Contains(folder["report.html"], output, StringComparison.Ordinal);
        string page = File.ReadAllText(folder["report.html"]);
        Assert.Equal(2 * FilesIn(folder["plots"]).Length, Regex.Count(page, "\"data:image/png;base64,")); // For light and for dark.
        Assert.DoesNotMatch(ExternalAsset(), page);
        Assert.Contains("<td>h_res</td><td>sinkhorn</td>", page, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(folder["run/tensorboard"]));
    }

    [Fact]
    public void OfSeveralRunsShareTheLosses()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Train(folder, "plain", "residual=none");
        Train(folder, "identity", "h_res=identity");

        CommandLineTool.MustRun("inspect", folder["plain"], folder["identity"], "--plots", folder["plots"]);

        IEnumerable<string> ofIdentity = OfMatrices.Concat(OfTraining).Where(name => name != "loss.png").Select(name => $"identity-{name}");
        Assert.Equal(ofIdentity.Append("loss.png").Order(StringComparer.Ordinal), FilesIn(folder["plots"]));
    }

    [Fact]
    public void OfACheckpointAreThoseOfItsMatrices()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using GoldenFixture golden = GoldenFixture.Open("mhc4");

        CommandLineTool.Result result = CommandLineTool.Mhc("inspect", golden.Checkpoint, "--plots", folder["plots"]);

        Assert.Equal(0, result.ExitCode);
        Assert.EndsWith("has no metrics.jsonl, so nothing is drawn of its training.", result.Error.Trim(), StringComparison.Ordinal);
        Assert.Equal(OfMatrices, FilesIn(folder["plots"]));
    }

    [Theory]
    [InlineData("mhc4", true), InlineData("hc4", false)]
    public void OfAnExportedModelAreThoseOfItsGraphToo(string name, bool hasMatrices)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using GoldenFixture golden = GoldenFixture.Open(name);
        OnnxExporter.Export(golden.Checkpoint, folder["m.onnx"]);

        CommandLineTool.MustRun("inspect", folder["m.onnx"], "--plots", folder["plots"], "--html", folder["m.html"]);

        Assert.Equal([.. new[] { "bytes.png", "operators.png" }.Concat(hasMatrices ? OfMatrices : []).Order(StringComparer.Ordinal)],
            FilesIn(folder["plots"]));
        string page = File.ReadAllText(folder["m.html"]);
        Assert.Equal(2 * FilesIn(folder["plots"]).Length, Regex.Count(page, "\"data:image/png;base64,"));
        Assert.DoesNotMatch(ExternalAsset(), page);
        Assert.Contains("<td>out</td><td>logprobs</td><td>float</td><td>[scored]</td>", page, StringComparison.Ordinal);
        Assert.Equal(hasMatrices, page.Contains("<td>h.2.hc_mlp</td>", StringComparison.Ordinal));
        Assert.Contains("<summary>mhc.config</summary>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void OfAModelAndARunAreTwoThings()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using GoldenFixture golden = GoldenFixture.Open("mhc4");
        OnnxExporter.Export(golden.Checkpoint, folder["m.onnx"]);

        CommandLineTool.Result result = CommandLineTool.Mhc("inspect", folder["m.onnx"], golden.Checkpoint, "--html", folder["m.html"]);

        Assert.Equal((1, $"mhc: {folder["m.onnx"]}: a file. "
            + "Figures are drawn of run folders and checkpoint folders, or of one exported file."), (result.ExitCode, result.Error.Trim()));
    }

    [Fact]
    public void AreNotDrawnOfWeightsThatAreNotNumbers()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using GoldenFixture golden = GoldenFixture.Open("mhc4");
        string weights = Path.Combine(golden.Checkpoint, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(^4..), float.NaN);
        File.WriteAllBytes(weights, bytes);

        CommandLineTool.Result shown = CommandLineTool.Mhc("inspect", golden.Checkpoint),
            drawn = CommandLineTool.Mhc("inspect", golden.Checkpoint, "--plots", folder["plots"]);

        Assert.Matches(@"^mhc: \S+model\.safetensors: tensor `\S+`: 1 of \d+ elements are NaN or infinite; expected finite weights\. "
            + @"The training run diverged: take an earlier checkpoint\.$", shown.Error.Trim());
        Assert.Contains("config.json", shown.Output, StringComparison.Ordinal);
        Assert.Equal((1, 1, shown.Error, false), (shown.ExitCode, drawn.ExitCode, drawn.Error, Directory.Exists(folder["plots"])));
    }

    [Fact]
    public void OfARunThatWasKilledLackItsUnfinishedLine()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Train(folder, "run");
        File.AppendAllText(folder["run/metrics.jsonl"], """{"step":5,"lo""");
        CommandLineTool.MustRun("inspect", folder["run"], "--plots", folder["plots"]);

        File.AppendAllText(folder["run/metrics.jsonl"], "\n");
        File.AppendAllText(folder["run/metrics.jsonl"], """{"step":6}""" + "\n");
        CommandLineTool.Result result = CommandLineTool.Mhc("inspect", folder["run"], "--plots", folder["plots"]);

        Assert.Equal($"mhc: {folder["run/metrics.jsonl"]}: line 8 is no JSON object with a number `step`. "
            + "Expected what `mhc train` writes.", result.Error.Trim());
        Assert.Equal(1, result.ExitCode);
    }

    private static void Train(TemporaryFolder folder, string name, params string[] settings)
    {
        File.WriteAllText(folder["text.txt"], string.Concat(Enumerable.Range(0, 100).Select(i => $"line {i} of a text\n")));
        string[] small = ["n_embd=16", "n_head=2", "block_size=16", "batch_size=2", "eval_interval=2", "eval_iters=1", "log_interval=1"];
        CommandLineTool.MustRun(["train", "--data", folder["text.txt"], "--out", folder[name], "--max-iters", "4",
            .. small.Concat(settings).SelectMany(setting => new[] { "--set", setting })]);
    }

    private static string[] FilesIn(string folder) =>
        [.. Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static void AssertIsPicture(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], bytes[..4]);
        Assert.True(BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(16)) >= 1500, $"{path}: too narrow to print.");
        Assert.InRange(bytes.Length, 20_000, 500_000);
    }

    [GeneratedRegex("(src|href|srcset)=\"(?!data:)|url\\(|<script")]
    private static partial Regex ExternalAsset();
}
