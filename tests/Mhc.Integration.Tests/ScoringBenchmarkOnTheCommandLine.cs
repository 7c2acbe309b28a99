using System.Text.Json;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary>`mhc bench score` at a size that takes no time, so that its numbers mean nothing.</summary>
public class ScoringBenchmarkOnTheCommandLine
{
    private static readonly string[] Tiny =
    [
        "bench", "score", "--rounds", "2", "--threads", "1", "--tokens", "500",
        "--set", "n_layer=1", "--set", "n_head=1", "--set", "n_embd=8", "--set", "block_size=64",
    ];

    [Fact]
    public void ComparesWaysToScoreWithABareLoop()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        string output = CommandLineTool.MustRun([.. Tiny, "--json", folder["b.json"], "--markdown", folder["b.md"]]);

        string[] ways =
        [
            "bare loop", "bare loop again (A/A)", "bare loop, one run at a time", "MhcScorer.ScoreLazily", "MhcScorer.Score",
            "ML.NET, ScoreMhc", "ML.NET, ApplyOnnxModel",
        ];
        string[] rows = [.. output.Split('\n').Where(line => line.StartsWith('|')).Skip(2)];
        Assert.Equal([.. ways.Select(way => ("short, 20 to 60 tokens", way)), .. ways.Select(way => ("mixed, 10 to 64 tokens", way))],
            rows.Select(row => (row.Split('|')[1].Trim(), row.Split('|')[2].Trim())));
        string page = File.ReadAllText(folder["b.md"]);
        Assert.All(rows, row => Assert.Contains(row, page, StringComparison.Ordinal));
        Assert.Contains("    mhc bench score --rounds 2 ", page, StringComparison.Ordinal);
        Assert.Contains("V=65, block 64, 1 blocks, 1 heads, C=8, S=4.", page, StringComparison.Ordinal);
        JsonElement[] measured = [.. JsonDocument.Parse(File.ReadAllText(folder["b.json"])).RootElement.GetProperty("ways").EnumerateArray()];
        Assert.All(measured, way =>
        {
            Assert.Equal(2, way.GetProperty("seconds_per_token").EnumerateArray().Count(seconds => seconds.GetDouble() > 0));
            Assert.InRange(way.GetProperty("tokens").GetInt64(), 400, 600);
        });
        // Ours alone pad, and what they score is what the texts have.
        Assert.All(measured.Chunk(ways.Length), of =>
        {
            Assert.All(of[3..6], way => Assert.True(Padding(way) > 0));
            Assert.All((JsonElement[])[.. of[..3], of[6]], way => Assert.Equal(0, Padding(way)));
            Assert.Single(of[3..].Select(way => way.GetProperty("tokens").GetInt64()).Distinct());
        });
    }

    [Theory]
    [InlineData(1, "nowhere/b.md: its folder is not there. Make it first, or write elsewhere.", "--markdown", "nowhere/b.md")]
    [InlineData(2, "Option '--tokens-per-batch' is 0, expected at least 1.\nRun `mhc bench score --help` for what it takes.",
        "--tokens-per-batch", "0")]
    public void TellsAMistakeBeforeItMeasures(int exitCode, string message, params string[] arguments)
    {
        CommandLineTool.Result result = CommandLineTool.Mhc([.. Tiny, .. arguments]);

        Assert.Equal((exitCode, $"mhc: {message}"), (result.ExitCode, result.Error.Trim().Replace("\nmhc: ", "\n", StringComparison.Ordinal)));
    }

    private static long Padding(JsonElement way) => way.GetProperty("tokens_run").GetInt64() - way.GetProperty("tokens").GetInt64();
}
