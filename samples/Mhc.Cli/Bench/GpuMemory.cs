using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Mhc.Cli.Bench;

/// <summary>What nvidia-smi knows of a GPU.</summary>
/// <param name="device">cuda or cuda:N.</param>
internal sealed class GpuMemory(string device)
{
    private readonly string _index = device.Contains(':') ? device[(device.IndexOf(':') + 1)..] : "0";

    public string Name => Query("--query-gpu=name", $"--id={_index}").First();

    /// <summary>Megabytes of all processes together.</summary>
    public double Used => Megabytes(Query("--query-gpu=memory.used", $"--id={_index}").First());

    /// <summary>Megabytes of one process; null where nvidia-smi does not list it, as in most containers.</summary>
    public static double? Of(int process) => Query("--query-compute-apps=pid,used_gpu_memory")
        .Select(line => line.Split(", "))
        .Where(cells => cells.Length == 2 && cells[0] == process.ToString(CultureInfo.InvariantCulture))
        .Select(cells => (double?)Megabytes(cells[1])).FirstOrDefault();

    // nvidia-smi counts in MiB.
    private static double Megabytes(string mebibytes) => double.Parse(mebibytes, CultureInfo.InvariantCulture) * 1.048576;

    private static string[] Query(params string[] what)
    {
        try
        {
            var start = new ProcessStartInfo("nvidia-smi", [.. what, "--format=csv,noheader,nounits"])
            {
                RedirectStandardOutput = true,
            };
            using Process process = Process.Start(start)!;
            string[] lines = process.StandardOutput.ReadToEnd()
                .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            process.WaitForExit();
            return process.ExitCode == 0 ? lines
                : throw new InvalidOperationException($"nvidia-smi {what[0]} ended with {process.ExitCode}: {string.Join(' ', lines)}");
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException(
                "nvidia-smi cannot be started, which tells the memory of a GPU. It comes with NVIDIA's driver.", e);
        }
    }
}
