using System.Diagnostics;
using System.Text.Json;

namespace Mhc.Cli.Bench;

/// <summary>The parent's side of a <see cref="BenchWorker"/>. It ends when its standard input does.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly string _name;
    private readonly Process _process;
    private readonly Task<string> _errors;

    public WorkerProcess(string name, int threads, string preset, IEnumerable<string> settings)
    {
        _name = name;
        string[] arguments = ["bench", "worker", "--preset", preset, .. settings.SelectMany(setting => new[] { "--set", setting })];
        _process = Process.Start(SelfProcess.StartInfo(threads, sleepWhenIdle: false, arguments))!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    /// <summary>Has a command carried out and waits for it.</summary>
    /// <exception cref="InvalidOperationException">The child ended instead.</exception>
    public T Ask<T>(string command)
    {
        try
        {
            _process.StandardInput.WriteLine(command);
        }
        catch (IOException)
        {
            // The child is gone: its standard output ends too, and its standard error says why.
        }
        return _process.StandardOutput.ReadLine() is { } answer ? JsonSerializer.Deserialize<T>(answer)! : throw Ended();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill();
        _process.Dispose();
    }

    private InvalidOperationException Ended()
    {
        _process.WaitForExit();
        string error = _errors.Result.Replace("mhc: ", "", StringComparison.Ordinal).Trim();
        string reason = error.Length > 0 ? error : "no message; the system may have stopped it for want of memory.";
        return new($"{_name}: its process ended with exit code {_process.ExitCode}: {reason}");
    }
}
