using System.Text.Json;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary>`mhc bench graph` at a size that takes no time, so that its numbers mean nothing.</summary>
public class GraphBenchmarkOnTheCommandLine
{
    private static readonly string[] Tiny =
    [
        "bench", "graph", "--rounds", "3", "--threads", "1",
        "--set", "n_layer=1", "--set", "n_head=1", "--set", "n_embd=8", "--set", "block_size=16",
    ];

    [Fact]
    public void ComparesLayoutsWithAPlainResidualAndItsControl()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        string output = CommandLineTool.MustRun([.. Tiny, "--size", "2x16", "--size", "1x4", "--opset", "20", "--opset", "23",
            "--layout", "streams", "--json", folder["b.json"], "--markdown", folder["b.md"]]);

        string[] names = ["plain", "plain again (A/A)", "streams", "plain, opset 23", "streams, opset 23"];
        string[] rows = [.. output.Split('\n').Where(line => line.StartsWith('|')).Skip(2)];
        Assert.Equal([.. names.Select(name => ("2×16", name)), .. names.Select(name => ("1×4", name))],
            rows.Select(row => (row.Split('|')[1].Trim(), row.Split('|')[3].Trim())));
        string page = File.ReadAllText(folder["b.md"]);
        Assert.All(rows, row => Assert.Contains(row, page, StringComparison.Ordinal));
        Assert.Contains("    mhc bench graph --rounds 3 ", page, StringComparison.Ordinal);
        Assert.Contains("V=65, block 16, 1 blocks, 1 heads, C=8, S=4.", page, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(File.ReadAllText(folder["b.json"])).RootElement;
        Assert.Equal(2 * 3, json.GetProperty("matmul_gflops").GetArrayLength());
        JsonElement[] graphs = [.. json.GetProperty("graphs").EnumerateArray()];
        Assert.All(graphs, graph =>
            Assert.Equal(3, graph.GetProperty("seconds_per_run").EnumerateArray().Count(seconds => seconds.GetDouble() > 0)));
        Assert.Equal([32, 4], graphs.Select(graph => graph.GetProperty("tokens_per_run").GetInt32()).Distinct());
    }

    [Fact]
    public void MeasuresPrecisions()
    {
        string output = CommandLineTool.MustRun(
            [.. Tiny, "--size", "1x16", "--layout", "augmented", "--precision", "float32", "--precision", "int8"]);

        Assert.Equal(["plain", "plain again (A/A)", "augmented", "plain, int8", "augmented, int8"],
            output.Split('\n').Where(line => line.StartsWith('|')).Skip(2).Select(row => row.Split('|')[3].Trim()));
    }

    [Fact]
    public void MeasuresDecodingWithACacheAndWithout()
    {
        string output = CommandLineTool.MustRun([.. Tiny, "--past", "15", "--layout", "auto", "--precision", "float16"]);

        string[] names = ["plain", "plain again (A/A)", "auto (unrolled)", "plain, no cache", "auto, no cache (unrolled)"];
        Assert.Equal(names.Select(name => ("1×1 after 15", name)), output.Split('\n').Where(line => line.StartsWith('|')).Skip(2)
            .Select(row => (row.Split('|')[1].Trim(), row.Split('|')[3].Trim())));
    }

    [Fact]
    public void MeasuresACheckpoint()
    {
        string output = CommandLineTool.MustRun(
            "bench", "graph", "--checkpoint", Fixtures.Folder("mhc-tiny"), "--rounds", "2", "--size", "2x7");

        Assert.Equal(["plain", "plain again (A/A)", "auto (unrolled)", "streams", "augmented", "unrolled", "chunked"],
            output.Split('\n').Where(line => line.StartsWith('|')).Skip(2).Select(row => row.Split('|')[3].Trim()));
    }

    [Fact]
    public void MeasuresADesignThatHasNoLayouts()
    {
        string output = CommandLineTool.MustRun([.. Tiny, "--set", "residual=hc", "--size", "1x16"]);

        Assert.Equal(["plain", "plain again (A/A)", "dynamic"],
            output.Split('\n').Where(line => line.StartsWith('|')).Skip(2).Select(row => row.Split('|')[3].Trim()));
    }

    [Theory]
    [InlineData("Size `8`: expected BATCHxTOKENS, for example 8x256.", "--size", "8")]
    [InlineData("Size 1×17: the model's block size is 16. Take at most as many tokens.", "--size", "1x17")]
    [InlineData("Size 1×1 behind 16 tokens: the model's block size is 16. Take at most as many tokens.", "--past", "16")]
    [InlineData("nowhere/b.md: its folder is not there. Make it first, or write elsewhere.", "--markdown", "nowhere/b.md")]
    public void TellsAMistakeBeforeItMeasures(string message, params string[] arguments)
    {
        CommandLineTool.Result result = CommandLineTool.Mhc([.. Tiny, .. arguments]);

        Assert.Equal((1, $"mhc: {message}"), (result.ExitCode, result.Error.Trim()));
    }

    [Theory]
    [InlineData("Option '--threads' is 0, expected at least 1.", "--threads", "0")]
    [InlineData("Option '--past' is 0, expected at least 1.", "--past", "0")]
    [InlineData("Option '--checkpoint' has its own sizes. Leave out '--preset' and '--set'.", "--checkpoint", "c", "--set", "n_layer=1")]
    public void RefusesWhatCannotBe(string message, params string[] arguments) =>
        Assert.Equal((2, $"mhc: {message}\nRun `mhc bench graph --help` for what it takes.\n"),
            CommandLineTool.Mhc(["bench", "graph", .. arguments]) is var result ? (result.ExitCode, result.Error) : default);
}
