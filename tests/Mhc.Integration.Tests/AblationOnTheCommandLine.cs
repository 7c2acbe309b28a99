using System.Text.Json;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

public class AblationOnTheCommandLine
{
    private const string Spec = """
        {
          "base": {
            "n_layer": 1, "n_head": 1, "n_embd": 8, "block_size": 16, "batch_size": 1, "max_iters": 2, "eval_iters": 1, "device": "cpu"
          },
          "variants": [
            { "name": "plain", "settings": { "residual": "none" } },
            { "name": "two-streams", "settings": { "residual": "mhc", "streams": 2 } }
          ],
          "seeds": [1, 2]
        }
        """;

    [Fact]
    public void MakesEveryRunOnceAndReports()
    {
        using TemporaryFolder folder = Prepared(Spec);

        string output = Ablate(folder, "--parallel", "2", "--threads", "1").Output;

        Assert.Equal(["report.json", "report.md", "report.png"], Directory.GetFiles(folder["out"]).Select(Path.GetFileName).Order());
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(folder["out/report.png"])[..4]);
        Assert.All(output.Split('\n').Where(line => line.StartsWith('|')),
            row => Assert.Contains(row, File.ReadAllText(folder["out/report.md"]), StringComparison.Ordinal));
        DateTime made = File.GetLastWriteTimeUtc(folder["out/plain/seed-1.json"]);

        // Cut off in the middle of one run: it alone goes on.
        File.Delete(folder["out/two-streams/seed-2.json"]);
        CommandLineTool.Result again = Ablate(folder, "--threads", "1");

        Assert.Equal(0, again.ExitCode);
        Assert.Matches(@"^3 of 4 runs are finished already\.\n"
            + @"1/1 two-streams seed 2: validation loss \d\.\d{4}, 0:00:\d\d; about 0:00:00 left\n$",
            again.Error.ReplaceLineEndings("\n"));
        Assert.Equal(made, File.GetLastWriteTimeUtc(folder["out/plain/seed-1.json"]));
        Assert.Equal(Rows(output).Select(WithoutTime), Rows(again.Output).Select(WithoutTime));
    }

    [Fact]
    public void ComparesSeedBySeed()
    {
        using TemporaryFolder folder = Prepared(Spec
            .Replace("[1, 2]", "[1, 2, 3]", StringComparison.Ordinal)
            .Replace("\"two-streams\"", "\"hidden\"", StringComparison.Ordinal)
            .Replace("\"variants\": [", "\"variants\": [{ \"name\": \"base\", \"settings\": { \"residual\": \"none\" } },",
                StringComparison.Ordinal));
        // Differences to the baseline of −0.01, −0.02, −0.03 (mean −0.02, standard error 0.01/√3, t = 4.303) and −0.100, −0.101, −0.102.
        Finished(folder, "base", "residual=none", [2.0, 2.1, 2.2], tokensPerSecond: 1000);
        Finished(folder, "plain", "residual=none", [1.9, 1.999, 2.098], tokensPerSecond: 500);
        Finished(folder, "hidden", "residual=mhc streams=2", [1.99, 2.08, 2.17], tokensPerSecond: 800, lambda2: "[1, 0.5, 0.7]");

        string output = Ablate(folder, "--report-only").Output;

        Assert.Equal(
            [
                "| plain | 3 | 1.9990 ± 0.0990 | 1.9990 ± 0.0990 | −0.1010 ± 0.0006 | −0.1035 to −0.0985 | better | 2.00× |  |",
                "| hidden | 3 | 2.0800 ± 0.0900 | 2.0800 ± 0.0900 | −0.0200 ± 0.0058 | −0.0448 to +0.0048 "
                    + "| hidden by the seeds' spread | 1.25× | 0.600 |",
                "| base | 3 | 2.1000 ± 0.1000 | 2.1000 ± 0.1000 |  |  | baseline |  |  |",
            ], Rows(output));
        Assert.Contains("Better than base: plain.\nThe seeds' spread hides the difference to base: hidden.\n", output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void GoesOnAfterARunThatFails()
    {
        using TemporaryFolder folder = Prepared(Spec.Replace("[1, 2]", "[1]", StringComparison.Ordinal)
            .Replace("\"residual\": \"none\"",
                "\"residual\": \"none\", \"learning_rate\": 1e30, \"min_lr\": 1e30, \"grad_clip\": 0, \"warmup_iters\": 0",
                StringComparison.Ordinal));

        CommandLineTool.Result result = Ablate(folder, "--threads", "1");

        Assert.Equal(1, result.ExitCode);
        Assert.Matches(@"mhc: plain seed 1: ended with exit code 1\. Update 2: .* See \S+plain/seed-1\.log\.\n$", result.Error);
        Assert.Contains("| two-streams | 1 |", result.Output, StringComparison.Ordinal);
        Assert.Contains("1 of 2 runs are finished.", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesRunsOfOtherSettings()
    {
        using TemporaryFolder folder = Prepared(Spec);
        Finished(folder, "plain", "residual=none dropout=0.1", [2, 2], tokensPerSecond: 1);

        Assert.Equal($"mhc: {folder["out/plain/seed-1.json"]}: was run with dropout=0.1, the ablation now says nothing more. "
            + "Choose another --out, or remove this file to have the run made anew.", Ablate(folder).Error.Trim());
    }

    [Fact]
    public void DocumentedInTheRepositoryIsValid()
    {
        using TemporaryFolder folder = Prepared(File.ReadAllText(Path.Combine(Fixtures.Repository, "docs", "ablation.json")));

        Assert.Equal((1, "mhc: None of the 36 runs is finished, so there is nothing to report."),
            Ablate(folder, "--report-only") is var result ? (result.ExitCode, result.Error.Trim()) : default);
    }

    [Theory]
    [InlineData("\"seeds\": [1, 2]", "\"seeds\": []", "`seeds` is [], expected one or more different numbers of at least 0.")]
    [InlineData("two-streams", "two streams",
        "a variant is called `two streams`, expected letters, digits, dots and dashes: a folder is called so.")]
    [InlineData("two-streams", "plain", "there are 2 variants called `plain`, expected different names.")]
    [InlineData("\"streams\": 2", "\"streems\": 2", "two-streams: settings: `streems` is not a known key; did you mean `streams`?")]
    [InlineData("\"streams\": 2", "\"seed\": 2", "two-streams: `seed` is set, but the ablation sets it: remove it.")]
    [InlineData("\"streams\": 2", "\"patience\": 2",
        "two-streams: `patience` is set, but losses are compared after the same number of updates: remove it.")]
    public void TellsMistakesInItsSpec(string text, string mistake, string message)
    {
        using TemporaryFolder folder = Prepared(Spec.Replace(text, mistake, StringComparison.Ordinal));

        CommandLineTool.Result result = Ablate(folder);

        Assert.Equal((1, $"mhc: {folder["spec.json"]}: {message}"), (result.ExitCode, result.Error.Trim()));
        Assert.False(Directory.Exists(folder["out"]));
    }

    private static TemporaryFolder Prepared(string spec)
    {
        TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["spec.json"], spec);
        File.WriteAllLines(folder["text.txt"], Enumerable.Range(0, 60).Select(i => $"line {i} of a text that repeats itself"));
        return folder;
    }

    private static CommandLineTool.Result Ablate(TemporaryFolder folder, params string[] arguments) => CommandLineTool.Mhc(
        ["ablate", "--spec", folder["spec.json"], "--data", folder["text.txt"], "--out", folder["out"], .. arguments]);

    private static string[] Rows(string output) => [.. output.Split('\n').Where(line => line.StartsWith('|')).Skip(2)];

    private static string WithoutTime(string row) => string.Join('|', row.Split('|')[..^3]);

    // What finished runs leave, as far as a report reads it.
    private static void Finished(TemporaryFolder folder, string variant, string settings, double[] losses, double tokensPerSecond,
        string? lambda2 = null)
    {
        string[] shared =
            ["n_layer=1", "n_head=1", "n_embd=8", "block_size=16", "batch_size=1", "max_iters=2", "eval_iters=1", "device=cpu"];
        foreach ((int index, double loss) in losses.Index())
        {
            string run = folder[$"out/{variant}/seed-{index + 1}"];
            Directory.CreateDirectory(run);
            string diagnostics = lambda2 is null ? "" : $$""", "diagnostics": { "matrices": { "lambda2": {{lambda2}} } }""";
            File.WriteAllText($"{run}/metrics.jsonl", FormattableString.Invariant($$"""
                { "step": 0, "val_loss": 9, "lr": 1 }
                { "step": 2, "val_loss": {{loss}}, "tokens_per_s": {{tokensPerSecond}}{{diagnostics}} }

                """).TrimEnd() + "\n");
            File.WriteAllText($"{run}.json", JsonSerializer.Serialize(new
            {
                preset = "smoke",
                data = folder["text.txt"],
                settings = (string[])[.. shared, .. settings.Split(' '), $"seed={index + 1}"],
                threads = 1,
                parallel = 1,
            }));
        }
    }
}
