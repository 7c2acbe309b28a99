using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Mhc.Cli.Bench;

/// <summary>What a measurement was taken on.</summary>
internal static class Machine
{
    /// <summary>Processor, cores, system and versions, in one sentence without its full stop.</summary>
    public static string Describe() => string.Join(", ",
        Processor(), $"{Environment.ProcessorCount} logical cores", RuntimeInformation.OSDescription.Trim(),
        RuntimeInformation.FrameworkDescription,
        $"TorchSharp {TorchSharpVersion} (libtorch {Version.Parse(torch.__version__).ToString(2)})");

    private static string TorchSharpVersion =>
        typeof(torch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static string Processor()
    {
        string? name = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").Where(line => line.StartsWith("model name", StringComparison.Ordinal))
                .Select(line => line.Split(':')[1].Trim()).FirstOrDefault()
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return name ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
