using System.Diagnostics;

namespace Mhc.Integration.Tests;

/// <summary>Runs programs as a user would.</summary>
internal static class CommandLineTool
{
    public sealed record Result(int ExitCode, string Output, string Error);

    /// <summary>The built <c>mhc</c>, to be run by <c>dotnet</c>.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "mhc.dll");

    public static Result Mhc(params string[] arguments) => Run("dotnet", [Program, .. arguments]);

    /// <summary><c>mhc</c> where it must succeed.</summary>
    public static string MustRun(params string[] arguments)
    {
        Result result = Mhc(arguments);
        Assert.True(result.ExitCode == 0, $"mhc {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.Error}");
        return result.Output;
    }

    public static Result Run(string program, params string[] arguments) => Run(program, arguments, accelerator: null);

    /// <param name="accelerator">The environment variable MhcAccelerator; unset where it is null, whatever it is here.</param>
    public static Result Run(string program, string[] arguments, string? accelerator)
    {
        using Process process = Start(program, arguments, accelerator);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output, error.Result);
    }

    /// <summary>Starts a program whose output the caller reads.</summary>
    public static Process Start(string program, string[] arguments, string? accelerator = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Testing.Fixtures.Repository,
        };
        start.Environment["OMP_NUM_THREADS"] = "1"; // The tests' models are too small to share between cores.
        start.Environment.Remove("MhcAccelerator");
        if (accelerator is not null)
            start.Environment["MhcAccelerator"] = accelerator;
        return Process.Start(start)!;
    }
}
