using System.ComponentModel;
using System.Text.Json;
using Mhc.Onnx;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary>
/// Exported files in the hands of programs that others wrote: onnxruntime-node and the checker of the ONNX project. Skipped where they are
/// not installed; with MHC_REQUIRE_ALL=1 that is a failure.
/// </summary>
public class IndependentReaders
{
    private static readonly string Scripts = Path.Combine(Fixtures.Repository, "tests", "readers");

    private sealed record Input(long[] Shape, long[] Values);

    private sealed record Request(string Model, Dictionary<string, Input> Inputs);

    [Fact]
    public void OnnxRuntimeForNodeGivesTheReferencesNumbers()
    {
        string modules = Path.Combine(Fixtures.Repository, "artifacts", "readers", "node_modules");
        Require(Runs("node", "--version"), "node is not installed.");
        Require(Directory.Exists(Path.Combine(modules, "onnxruntime-node")),
            "onnxruntime-node is not installed: cp tests/readers/package.json artifacts/readers, and there npm install --ignore-scripts.");
        using TemporaryFolder folder = Fixtures.Temporary();
        var requests = new List<Request>();
        var expected = new List<(string Name, string Output, double[] Values)>();
        foreach (string name in Models)
        {
            using GoldenFixture golden = GoldenFixture.Open(name);
            var tokens = new Input(golden.Tensor("tokens").Shape, golden.Integers("tokens"));
            long[] targets = golden.Integers("targets");
            foreach (int opset in new[] { 17, 20 })
            {
                string logits = Export(folder, golden, name, opset, OnnxOutputs.Logits);
                string scores = Export(folder, golden, name, opset, OnnxOutputs.Scores);
                requests.Add(new(logits, new() { ["input_ids"] = tokens }));
                expected.Add((logits, "logits", golden.Tensor("logits").Values));
                requests.Add(new(scores, new()
                {
                    ["input_ids"] = tokens,
                    ["positions"] = new([targets.Length], [.. Enumerable.Range(0, targets.Length)]),
                    ["targets"] = new([targets.Length], targets),
                }));
                expected.Add((scores, "logprobs", golden.Tensor("logprobs").Values));
            }
        }
        File.WriteAllText(folder["requests.json"], JsonSerializer.Serialize(requests, JsonSerializerOptions.Web));

        CommandLineTool.Result result = CommandLineTool.Run("node", Path.Combine(Scripts, "run.js"), modules, folder["requests.json"]);

        Assert.True(result.ExitCode == 0, result.Error);
        var outputs = JsonSerializer.Deserialize<Dictionary<string, double[]>[]>(result.Output)!;
        Assert.Equal(expected.Count, outputs.Length);
        foreach (((string name, string output, double[] values), Dictionary<string, double[]> found) in expected.Zip(outputs))
            TensorAssert.Close(name, values, found[output], Tolerance.Logits);
    }

    [Fact]
    public void CheckerOfTheOnnxProjectFindsNothingToSay()
    {
        // Debian's python3-onnx belongs to Debian's Python, which need not be the first one.
        string? python = new[] { "python3", "/usr/bin/python3" }.FirstOrDefault(program => Runs(program, "-c", "import onnx"));
        Require(python is not null, "python3-onnx is not installed.");
        using TemporaryFolder folder = Fixtures.Temporary();
        var files = new List<string>();
        foreach (string name in Models)
        {
            using GoldenFixture golden = GoldenFixture.Open(name);
            files.AddRange(Enum.GetValues<OnnxOutputs>().Select(outputs => Export(folder, golden, name, opset: 17, outputs)));
        }

        CommandLineTool.Result result = CommandLineTool.Run(python!, [Path.Combine(Scripts, "check.py"), .. files]);

        Assert.Equal((0, "ok", ""), (result.ExitCode, result.Output.Trim(), result.Error.Trim()));
    }

    private static IEnumerable<string> Models => GoldenFixture.Models.Select(row => row.Data);

    private static string Export(TemporaryFolder folder, GoldenFixture golden, string name, int opset, OnnxOutputs outputs)
    {
        string file = folder[$"{Path.GetFileName(name)}-{opset}-{outputs}.onnx"];
        OnnxExporter.Export(golden.Checkpoint, file, new() { Opset = opset, Outputs = outputs });
        return file;
    }

    private static void Require(bool isInstalled, string reason)
    {
        if (Environment.GetEnvironmentVariable("MHC_REQUIRE_ALL") == "1")
            Assert.True(isInstalled, reason);
        Assert.SkipUnless(isInstalled, reason);
    }

    private static bool Runs(string program, params string[] arguments)
    {
        try
        {
            return CommandLineTool.Run(program, arguments).ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
