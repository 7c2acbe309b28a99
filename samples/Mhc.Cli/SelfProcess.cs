using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Mhc.Cli;

/// <summary>This program once more, as a child: memory and threads of its own, and a crash that stays there.</summary>
internal static class SelfProcess
{
    // Threads that wait for work sleep at once, so that children beside each other do not spin on each other's cores.
    private static readonly (string Name, string Value)[] SleepingThreads =
        [("OMP_WAIT_POLICY", "passive"), ("GOMP_SPINCOUNT", "0"), ("KMP_BLOCKTIME", "0")];

    /// <summary>Asks a child to save and end; on Windows, which has no such request, ends it.</summary>
    public static void Terminate(Process child)
    {
        const int SigTerm = 15;
        if (OperatingSystem.IsWindows())
            child.Kill();
        else
            _ = SendSignal(child.Id, SigTerm); // A child that has ended by itself needs none.
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);

    /// <param name="threads">Threads of libtorch's operators.</param>
    /// <param name="sleepWhenIdle">Whether threads that wait for work sleep instead of spinning.</param>
    /// <param name="arguments">What follows <c>mhc</c>.</param>
    public static ProcessStartInfo StartInfo(int threads, bool sleepWhenIdle, IEnumerable<string> arguments)
    {
        string program = Environment.ProcessPath!;
        // `dotnet mhc.dll` runs in the host's process, which is given the program once more.
        IEnumerable<string> host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Assembly.GetEntryAssembly()!.Location] : [];
        var start = new ProcessStartInfo(program, host.Concat(arguments))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string count = threads.ToString(CultureInfo.InvariantCulture);
        (start.Environment["OMP_NUM_THREADS"], start.Environment["MKL_NUM_THREADS"]) = (count, count);
        foreach ((string name, string value) in sleepWhenIdle ? SleepingThreads : [])
            start.Environment[name] = value;
        return start;
    }
}
