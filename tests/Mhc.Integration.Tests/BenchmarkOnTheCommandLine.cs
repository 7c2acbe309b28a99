using System.Text.Json;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary>`mhc bench train` at a size that takes no time, so that its numbers mean nothing.</summary>
public class BenchmarkOnTheCommandLine
{
    private static readonly string[] Tiny =
    [
        "bench", "train", "--device", "cpu", "--threads", "1", "--steps", "1", "--rounds", "3",
        "--set", "n_layer=1", "--set", "n_head=1", "--set", "n_embd=8", "--set", "block_size=16", "--set", "batch_size=1",
    ];

    [Fact]
    public void ComparesDesignsWithABaselineAndItsControl()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        string output = CommandLineTool.MustRun([.. Tiny,
            "--variant", "two=residual=mhc,streams=2,h_res=orthostochastic,ns_coeffs=[3,-3.2,1.2]",
            "--json", folder["b.json"], "--markdown", folder["b.md"]]);

        string[] rows = [.. output.Split('\n').Where(line => line.StartsWith('|'))];
        Assert.Equal(["design", "---", "baseline", "baseline again (A/A)", "two"], rows.Select(row => row.Split('|')[1].Trim()));
        string page = File.ReadAllText(folder["b.md"]);
        Assert.All(rows, row => Assert.Contains(row, page, StringComparison.Ordinal));
        Assert.Contains("    mhc bench train --device cpu --threads 1 ", page, StringComparison.Ordinal);
        Assert.Contains("`residual=mhc streams=2 h_res=orthostochastic ns_coeffs=[3,-3.2,1.2]`", page, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(File.ReadAllText(folder["b.json"])).RootElement;
        Assert.Equal(3, json.GetProperty("matmul_gflops").GetArrayLength());
        JsonElement[] designs = [.. json.GetProperty("designs").EnumerateArray()];
        Assert.All(designs, design =>
        {
            Assert.Equal(16, design.GetProperty("tokens_per_update").GetInt32());
            Assert.Equal(3, design.GetProperty("seconds_per_update").EnumerateArray().Count(seconds => seconds.GetDouble() > 0));
            Assert.InRange(design.GetProperty("peak_megabytes").GetDouble() - design.GetProperty("idle_megabytes").GetDouble(), 0.01, 500);
        });
        // Two sublayers, each with a 2×2 matrix and two vectors of logits.
        long[] parameters = [.. designs.Select(design => design.GetProperty("parameters").GetInt64())];
        Assert.Equal([0, 0, 2 * (4 + 2 + 2)], parameters.Select(count => count - parameters[0]));
    }

    [Theory]
    [InlineData("Variant hc8: settings: `streems` is not a known key; did you mean `streams`?", "--variant", "hc8=residual=hc,streems=8")]
    [InlineData("Variant `mhc`: expected NAME=key=value,key=value, for example mhc8=residual=mhc,streams=8.", "--variant", "mhc")]
    [InlineData("Variant baseline: settings: `streams` is not used with `residual` \"none\": remove it.", "--set", "streams=8")]
    [InlineData("nowhere/b.md: its folder is not there. Make it first, or write elsewhere.", "--markdown", "nowhere/b.md")]
    public void TellsAMistakeBeforeItMeasures(string message, params string[] arguments)
    {
        CommandLineTool.Result result = CommandLineTool.Mhc([.. Tiny, .. arguments]);

        Assert.Equal((1, $"mhc: {message}"), (result.ExitCode, result.Error.Trim()));
    }

    [Fact]
    public void TellsWhatEndedAWorker()
    {
        CommandLineTool.Result result = CommandLineTool.Mhc([.. Tiny, "--set", "n_embd=2000000"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("mhc: baseline: its process ended with exit code ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void NeedsARoundAtLeast() =>
        Assert.Equal((2, "mhc: Option '--rounds' is 0, expected at least 1.\nRun `mhc bench train --help` for what it takes.\n"),
            CommandLineTool.Mhc("bench", "train", "--rounds", "0") is var result ? (result.ExitCode, result.Error) : default);
}
