using System.Diagnostics;
using System.Text.RegularExpressions;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary>A real <c>mhc train</c> that is killed, is asked to stop, or finds no more room.</summary>
public class KilledRun
{
    private const int Updates = 240;
    private static readonly string[] Tiny =
    [
        "--device", "cpu", "--set", "n_layer=1", "--set", "n_embd=16", "--set", "n_head=2",
        "--set", "block_size=16", "--set", "batch_size=2", "--set", "h_res_iters=2", "--set", "dropout=0.1", "--set", "eval_interval=5",
        "--set", "eval_iters=1", "--set", "log_interval=1", "--set", "keep_checkpoints=2",
    ];

    [Fact]
    public void IsResumedToTheSameLossesAndWeightsToTheBit()
    {
        using TemporaryFolder folder = WithText();
        CommandLineTool.MustRun(["train", "--data", folder["text.txt"], "--out", folder["whole"], .. Tiny, "--max-iters", $"{Updates}"]);

        int killed = 0;
        for (int kill = 0; kill < 4; kill++)
        {
            string[] arguments = kill == 0
                ? ["train", "--data", folder["text.txt"], "--out", folder["run"], .. Tiny, "--max-iters", $"{Updates}"]
                : ["train", "--out", folder["run"], "--resume"];
            using Process process = Start(arguments);
            WaitForLines(folder["run"], Updates * (kill + 1) / 5, process);
            Thread.Sleep(Random.Shared.Next(20)); // Anywhere in an update or in saving.
            process.Kill(); // SIGKILL
            process.WaitForExit();
            killed += process.ExitCode == 128 + 9 ? 1 : 0;
        }
        Assert.True(killed > 0, "Each time the run had ended before it could be killed.");
        CommandLineTool.MustRun("train", "--out", folder["run"], "--resume");

        Assert.Equal(Metrics(folder["whole"]), Metrics(folder["run"]));
        Assert.Equal(Files(folder["whole"]), Files(folder["run"]));
        foreach (string file in Files(folder["whole"]).Where(file => file.Contains('/', StringComparison.Ordinal)))
        {
            byte[] expected = File.ReadAllBytes(Path.Combine(folder["whole"], file));
            Assert.True(expected.SequenceEqual(File.ReadAllBytes(Path.Combine(folder["run"], file))), file);
        }
    }

    [Theory]
    [InlineData("INT"), InlineData("TERM")]
    public async Task ThatIsAskedToStopSavesAndSaysHowToGoOn(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals between processes.");
        using TemporaryFolder folder = WithText();
        using Process process = Start(["train", "--data", folder["text.txt"], "--out", folder["run"], .. Tiny, "--max-iters", "100000"]);
        // Read from the start: a pipe that nobody empties would hold the run up, and with it the signal.
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        WaitForLines(folder["run"], 10, process);

        Send(signal, process);
        process.WaitForExit();

        Assert.Equal((0, "mhc: finishing this update and saving; once more to end at once, without saving."),
            (process.ExitCode, (await error).Trim()));
        string step = Regex.Match(File.ReadAllText(folder["run/last/trainer_state.json"]), "\"step\": ([0-9]+)").Groups[1].Value;
        Assert.EndsWith($"Stopped after update {step} of 100000 and saved in {folder["run/last"]}.\n"
            + $"Continue: mhc train --out {folder["run"]} --resume\n", await output, StringComparison.Ordinal);
        Assert.Equal(step, Regex.Match(File.ReadLines(folder["run/metrics.jsonl"]).Last(), "\"step\":([0-9]+)").Groups[1].Value);
    }

    [Fact]
    public void ThatIsAskedTwiceEndsAtOnce()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals between processes.");
        using TemporaryFolder folder = WithText();
        // One update takes so long that the second signal comes before its end.
        using Process process = Start(["train", "--data", folder["text.txt"], "--out", folder["run"], .. Tiny, "--set", "grad_accum=1000000"]);
        WaitForLines(folder["run"], 1, process);

        Send("INT", process);
        Assert.StartsWith("mhc: finishing", process.StandardError.ReadLine(), StringComparison.Ordinal);
        Send("INT", process);
        process.WaitForExit();

        Assert.Equal(130, process.ExitCode);
    }

    /// <summary>A limit on the size of files stands for a full disk: the system refuses the write in the middle.</summary>
    [Fact]
    public void ThatFindsNoRoomKeepsWhatItSaved()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such limit.");
        using TemporaryFolder folder = WithText();
        string[] train = ["train", "--data", folder["text.txt"], "--out", folder["run"], .. Tiny];
        CommandLineTool.MustRun([.. train, "--max-iters", "20"]);
        long bytes = new FileInfo(folder["run/metrics.jsonl"]).Length;
        byte[] weights = File.ReadAllBytes(folder["run/last/model.safetensors"]);
        byte[] optimizer = File.ReadAllBytes(folder["run/last/optimizer.safetensors"]);

        // In blocks of 512 bytes; without the first variable .NET's own memory is files, too.
        CommandLineTool.Result result = CommandLineTool.Run("sh", ["-c",
            "trap '' XFSZ; ulimit -f $0; DOTNET_EnableWriteXorExecute=0 exec dotnet \"$@\"",
            $"{(optimizer.Length / 512) - 1}", CommandLineTool.Program, "train", "--out", folder["run"], "--resume", "--max-iters", "40"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Matches(@"^mhc: Update 25 could not be saved \(.+\), so the run stops\. "
            + Regex.Escape($"The last good checkpoint is {folder["run/last"]}, of update 20. ")
            + @"Mend the cause, such as a full disk, and resume the run\.$", result.Error.Trim());
        Assert.Equal(weights, File.ReadAllBytes(folder["run/last/model.safetensors"]));
        Assert.Equal(optimizer, File.ReadAllBytes(folder["run/last/optimizer.safetensors"]));
        Assert.True(new FileInfo(folder["run/metrics.jsonl"]).Length > bytes);
        CommandLineTool.MustRun("train", "--out", folder["run"], "--resume");
    }

    private static Process Start(string[] arguments) => CommandLineTool.Start("dotnet", [CommandLineTool.Program, .. arguments]);

    private static void WaitForLines(string run, int lines, Process process)
    {
        string metrics = Path.Combine(run, "metrics.jsonl");
        while (!process.HasExited && (!File.Exists(metrics) || File.ReadLines(metrics).Count() < lines))
            Thread.Sleep(5);
    }

    private static void Send(string signal, Process process) => CommandLineTool.Run("kill", $"-{signal}", $"{process.Id}");

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal);

    // The speed is the machine's; every other number must be the same to its last digit.
    private static IEnumerable<string> Metrics(string folder) => File.ReadLines(Path.Combine(folder, "metrics.jsonl"))
        .Select(line => Regex.Replace(line, "\"tokens_per_s\":[^,]*,", ""));

    private static TemporaryFolder WithText()
    {
        TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllLines(folder["text.txt"], Enumerable.Range(0, 100).Select(i => $"line {i} of a text that repeats itself"));
        return folder;
    }
}
