using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Mhc.Cli.Ablate;

/// <summary>Makes the runs that are not finished yet, each in a process of its own.</summary>
internal sealed class AblationRunner(int parallel, int threads, Action<string> onProgress)
{
    private readonly Stopwatch _watch = new();
    private readonly ConcurrentBag<string> _failures = [];
    private int _ended;

    /// <returns>A line for each run that failed.</returns>
    /// <exception cref="OperationCanceledException">The user stopped it.</exception>
    public IReadOnlyCollection<string> Run(IReadOnlyList<AblationRun> runs, StopSignals stop)
    {
        AblationRun[] pending = [.. runs.Where(run => !run.IsFinished)];
        if (pending.Length < runs.Count)
            onProgress($"{runs.Count - pending.Length} of {runs.Count} runs are finished already.");
        _watch.Start();
        Parallel.ForEach(Partitioner.Create(pending, EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = stop.Token },
            run => Make(run, pending.Length, stop));
        return _failures;
    }

    private void Make(AblationRun run, int count, StopSignals stop)
    {
        var watch = Stopwatch.StartNew();
        string? failure = Train(run, stop);
        string outcome = "failed";
        if (failure is null)
        {
            OutputFile.Write(run.RecordFile, ReportJson.Write(run.Record(threads, parallel)));
            outcome = string.Create(CultureInfo.InvariantCulture, $"validation loss {RunOutcome.Read(run).FinalValLoss:f4}");
        }
        else
        {
            stop.Token.ThrowIfCancellationRequested();
            _failures.Add($"{run.Name}: {failure} See {run.LogFile}.");
        }
        int ended = Interlocked.Increment(ref _ended);
        TimeSpan left = _watch.Elapsed * (count - ended) / ended;
        onProgress($"{ended}/{count} {run.Name}: {outcome}, {Clock(watch.Elapsed)}; about {Clock(left)} left");
    }

    /// <returns>What went wrong, or null.</returns>
    private string? Train(AblationRun run, StopSignals stop)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(run.Folder)!);
        using var log = TextWriter.Synchronized(new StreamWriter(run.LogFile, append: true));
        log.WriteLine($"mhc {string.Join(' ', run.Arguments)}");
        // Runs side by side share the cores; threads that spin would take them from the neighbours.
        using var process = new Process { StartInfo = SelfProcess.StartInfo(threads, sleepWhenIdle: parallel > 1, run.Arguments) };
        string lastError = "";
        process.OutputDataReceived += (_, line) => Log(line.Data);
        process.ErrorDataReceived += (_, line) => lastError = Log(line.Data)?.Replace("mhc: ", "", StringComparison.Ordinal) ?? lastError;
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        // Ctrl-C reaches every process of the terminal, a signal to this process only this one.
        using CancellationTokenRegistration onStop = stop.Token.Register(() =>
        {
            if (stop.Received == PosixSignal.SIGTERM)
                SelfProcess.Terminate(process);
        });
        process.WaitForExit();
        return process.ExitCode != 0 ? $"ended with exit code {process.ExitCode}. {lastError}"
            : RunOutcome.IsComplete(run) ? null : "stopped before its last update.";

        string? Log(string? line)
        {
            if (line is not null) // Null ends the stream.
                log.WriteLine(line);
            return line;
        }
    }

    private static string Clock(TimeSpan time) => $"{(int)time.TotalHours}:{time:mm\\:ss}";
}
