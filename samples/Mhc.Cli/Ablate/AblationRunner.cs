using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Mhc.Cli.Ablate;

/// <summary>Makes the runs that are not finished yet, each in a process of its own.</summary>
internal sealed class AblationRunner(int parallel, int threads, Action<string> onProgress)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly Stopwatch _watch = new();
    private readonly ConcurrentBag<string> _failures = [];
    private int _ended;

    /// <returns>A line for each run that failed.</returns>
    /// <exception cref="OperationCanceledException">The user stopped it.</exception>
    public IReadOnlyCollection<string> Run(IReadOnlyList<AblationRun> runs, CancellationToken stop)
    {
        AblationRun[] pending = [.. runs.Where(run => !run.IsFinished)];
        if (pending.Length < runs.Count)
            onProgress($"{runs.Count - pending.Length} of {runs.Count} runs are finished already.");
        _watch.Start();
        Parallel.ForEach(Partitioner.Create(pending, EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = stop },
            run => Make(run, pending.Length, stop));
        return _failures;
    }

    private void Make(AblationRun run, int count, CancellationToken stop)
    {
        Clear(run);
        var watch = Stopwatch.StartNew();
        string? failure = Train(run, stop);
        stop.ThrowIfCancellationRequested();
        string outcome;
        if (failure is null)
        {
            double loss = RunOutcome.Read(run).FinalValLoss;
            OutputFile.Write(run.RecordFile, ReportJson.Write(run.Record(Math.Round(watch.Elapsed.TotalSeconds, 1), threads, parallel)));
            outcome = string.Create(CultureInfo.InvariantCulture, $"validation loss {loss:f4}");
        }
        else
        {
            _failures.Add($"{run.Name}: {failure} See {run.LogFile}.");
            outcome = "failed";
        }
        int ended = Interlocked.Increment(ref _ended);
        TimeSpan left = _watch.Elapsed * (count - ended) / ended;
        onProgress($"{ended}/{count} {run.Name}: {outcome}, {Clock(watch.Elapsed)}; about {Clock(left)} left");
    }

    // A run that was cut off is made anew: its folder holds a run's files and nothing else.
    private static void Clear(AblationRun run)
    {
        if (!Directory.Exists(run.Folder))
            return;
        if (Directory.EnumerateFileSystemEntries(run.Folder).Any() && !File.Exists(Path.Combine(run.Folder, RunOutcome.MetricsFile)))
            throw new IOException($"{run.Folder}: holds something that is no run. Choose another --out or remove it.");
        Directory.Delete(run.Folder, recursive: true);
    }

    /// <returns>What went wrong, or null.</returns>
    private string? Train(AblationRun run, CancellationToken stop)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(run.Folder)!);
        string[] arguments =
        [
            "train", "--data", run.Data, "--out", run.Folder, "--preset", run.Spec.Preset,
            .. run.Spec.SettingsOf(run.Variant, run.Seed).SelectMany(setting => new[] { "--set", setting }),
        ];
        using var log = TextWriter.Synchronized(new StreamWriter(run.LogFile));
        log.WriteLine($"mhc {string.Join(' ', arguments)}");
        // Runs side by side share the cores; threads that spin would take them from the neighbours.
        using var process = new Process { StartInfo = SelfProcess.StartInfo(threads, sleepWhenIdle: parallel > 1, arguments) };
        string lastError = "";
        process.OutputDataReceived += (_, line) => Log(line.Data);
        process.ErrorDataReceived += (_, line) => lastError = Log(line.Data)?.Replace("mhc: ", "", StringComparison.Ordinal) ?? lastError;
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        // In a terminal Ctrl-C reaches the run too, which then ends by itself.
        using CancellationTokenRegistration onStop = stop.Register(() =>
        {
            if (!process.WaitForExit(Patience))
                process.Kill();
        });
        process.WaitForExit();
        return process.ExitCode == 0 && !RunOutcome.IsComplete(run) ? "it ended before its last update."
            : process.ExitCode == 0 ? null
            : $"ended with exit code {process.ExitCode}. {lastError}";

        string? Log(string? line)
        {
            if (line is not null) // Null ends the stream.
                log.WriteLine(line);
            return line;
        }
    }

    private static string Clock(TimeSpan time) => $"{(int)time.TotalHours}:{time:mm\\:ss}";
}
