using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;

namespace Mhc.Cli.Bench;

/// <summary>What a measurement was taken on, when and how.</summary>
internal static class Machine
{
    /// <summary>Today, UTC.</summary>
    public static string Date => DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The command line as it was given.</summary>
    public static string Command => string.Join(' ', Environment.GetCommandLineArgs().Skip(1).Prepend("mhc"));

    public static string TorchSharp => $"TorchSharp {TorchSharpVersion} (libtorch {Version.Parse(torch.__version__).ToString(2)})";

    public static string OnnxRuntime => $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}";

    /// <summary>Processor, cores, system and versions, in one sentence without its full stop.</summary>
    /// <param name="runtime">What ran the model.</param>
    public static string Describe(string runtime) => string.Join(", ",
        Processor(), $"{Environment.ProcessorCount} logical cores", RuntimeInformation.OSDescription.Trim(),
        RuntimeInformation.FrameworkDescription, runtime);

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
