using System.Text.Json;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary>
/// Which native packages the build picks under each accelerator. The CUDA packages are too large to restore here;
/// what MSBuild evaluates is asserted.
/// </summary>
public class NativePackages
{
    private static readonly string[] Natives = ["TorchSharp-", "Microsoft.ML.OnnxRuntime"];
    private static readonly string Cuda = OperatingSystem.IsWindows() ? "TorchSharp-cuda-windows" : "TorchSharp-cuda-linux";

    [Theory]
    [InlineData("samples/Quickstart/Quickstart.csproj")]
    [InlineData("samples/Mhc.Cli/Mhc.Cli.csproj")]
    [InlineData("tests/Mhc.Integration.Tests/Mhc.Integration.Tests.csproj")]
    public void OfProgramsFollowTheAccelerator(string project)
    {
        Assert.Equal(["Microsoft.ML.OnnxRuntime", "TorchSharp-cpu"], Evaluate(project));
        Assert.Equal(["Microsoft.ML.OnnxRuntime", "TorchSharp-cpu"], Evaluate(project, "-p:MhcAccelerator=cpu"));
        Assert.Equal(["Microsoft.ML.OnnxRuntime.Gpu", Cuda], Evaluate(project, "-p:MhcAccelerator=cuda"));
    }

    [Fact]
    public void FollowTheEnvironmentVariableToo() =>
        Assert.Equal(["Microsoft.ML.OnnxRuntime.Gpu", Cuda], Evaluate("samples/Mhc.Cli/Mhc.Cli.csproj", [], accelerator: "cuda"));

    [Theory]
    [InlineData("src/Mhc.Training/Mhc.Training.csproj")]
    [InlineData("src/Mhc.Onnx/Mhc.Onnx.csproj")]
    [InlineData("src/Mhc.MLNet/Mhc.MLNet.csproj")]
    public void AreNoConcernOfTheLibraries(string project)
    {
        Assert.Empty(Evaluate(project));
        Assert.Empty(Evaluate(project, "-p:MhcAccelerator=cuda"));
    }

    [Fact]
    public void HaveTheVersionsOfTheCpuOnes()
    {
        CommandLineTool.Result result = CommandLineTool.Run("dotnet", "msbuild",
            Path.Combine(Fixtures.Repository, "samples/Mhc.Cli/Mhc.Cli.csproj"), "-getItem:PackageVersion", "-nologo");
        var versions = JsonDocument.Parse(result.Output).RootElement.GetProperty("Items").GetProperty("PackageVersion").EnumerateArray()
            .ToDictionary(item => item.GetProperty("Identity").GetString()!, item => item.GetProperty("Version").GetString());

        Assert.Equal("0.107.0", versions["TorchSharp-cuda-linux"]);
        Assert.Equal("1.31.1", versions["Microsoft.ML.OnnxRuntime.Gpu"]);
        Assert.Equal(versions["TorchSharp-cpu"], versions["TorchSharp-cuda-linux"]);
        Assert.Equal(versions["TorchSharp-cpu"], versions["TorchSharp-cuda-windows"]);
        Assert.Equal(versions["Microsoft.ML.OnnxRuntime"], versions["Microsoft.ML.OnnxRuntime.Gpu"]);
    }

    private static IEnumerable<string> Evaluate(string project, params string[] properties) =>
        Evaluate(project, properties, accelerator: null);

    private static IEnumerable<string> Evaluate(string project, string[] properties, string? accelerator)
    {
        string[] arguments = ["msbuild", Path.Combine(Fixtures.Repository, project), "-getItem:PackageReference", "-nologo", .. properties];
        CommandLineTool.Result result = CommandLineTool.Run("dotnet", arguments, accelerator);
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        return JsonDocument.Parse(result.Output).RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)
            .Where(name => Natives.Any(native => name.StartsWith(native, StringComparison.Ordinal))
                && name != "Microsoft.ML.OnnxRuntime.Managed")
            .Order(StringComparer.Ordinal);
    }
}
