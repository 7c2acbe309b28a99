using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mhc.Onnx;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary><c>mhc verify</c> and what <c>mhc export</c> does of it.</summary>
public class VerifiedModels
{
    [Theory]
    [InlineData("baseline", "scores", "logprobs")]
    [InlineData("hc4_frac2", "logits", "logits")]
    [InlineData("mhc4_vres", "scores", "logprobs")]
    public void AreComparedByLayerWithBothWitnesses(string name, string outputs, string compared)
    {
        using GoldenFixture golden = GoldenFixture.Open(name);
        using TemporaryFolder folder = Fixtures.Temporary();
        WriteTokenizer(golden.Checkpoint);
        File.WriteAllText(folder["text.txt"], "abcab\ncab\n");

        string exported = CommandLineTool.MustRun(
            "export", "--checkpoint", golden.Checkpoint, "--out", folder["m.onnx"], "--outputs", outputs, "--opset", "17");
        string verified = CommandLineTool.MustRun(
            "verify", "--checkpoint", golden.Checkpoint, "--model", folder["m.onnx"], "--text", folder["text.txt"], "--tokens", "8");

        Assert.Matches($@"Verified on \d+ random tokens: {compared} within \S+ of the reference; float32 allows \S+\.", exported);
        string[][] rows = [.. verified.ReplaceLineEndings("\n").Split('\n').Where(line => line.StartsWith('|'))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))];
        Assert.Equal(["value", "largest", "allowed", "random tokens: from the reference", "random tokens: from TorchSharp",
            "text.txt: from the reference", "text.txt: from TorchSharp"], rows[0]);
        Assert.Equal(["transformer.h.0.attn", "transformer.h.0.mlp", "transformer.h.1.attn"], rows[2..5].Select(row => row[0]));
        Assert.Equal(compared, rows[^1][0]);
        Assert.All(rows[2..].SelectMany(row => row[3..]).Where(cell => cell != "–"),
            cell => Assert.InRange(double.Parse(cell, CultureInfo.InvariantCulture), 0, 1e-4));
        Assert.DoesNotContain("–", rows[^1]);
        Assert.Contains($"\n{folder["m.onnx"]} computes what {golden.Checkpoint} does: {compared} within ", verified,
            StringComparison.Ordinal);
        Assert.Equal(["m.onnx", "text.txt"], FilesIn(folder));
    }

    [Fact]
    public void OfAnotherCheckpointAreRefused()
    {
        using GoldenFixture golden = GoldenFixture.Open("mhc4"), other = GoldenFixture.Open("mhc4_init");
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(other.Checkpoint, folder["m.onnx"]);

        CommandLineTool.Result result = CommandLineTool.Mhc("verify", "--checkpoint", golden.Checkpoint, "--model", folder["m.onnx"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal($"mhc: {folder["m.onnx"]}: exported from weights whose SHA-256 is {Sha256(other)}, but that of "
            + $"{golden.Checkpoint}/model.safetensors is {Sha256(golden)}. "
            + "Name the checkpoint that it was exported from, or export this one.", result.Error.Trim());
    }

    [Fact]
    public void OfAnotherConfigurationAreRefused()
    {
        using GoldenFixture golden = GoldenFixture.Open("mhc4");
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(golden.Checkpoint, folder["m.onnx"]);
        string config = Path.Combine(golden.Checkpoint, "config.json");
        string text = File.ReadAllText(config);
        File.WriteAllText(config, text.Replace("\"h_pre\": \"softmax\"", "\"h_pre\": \"sigmoid\"", StringComparison.Ordinal));

        CommandLineTool.Result result = CommandLineTool.Mhc("verify", "--checkpoint", golden.Checkpoint, "--model", folder["m.onnx"]);

        Assert.Equal((1, $"mhc: {folder["m.onnx"]}: its `mhc.config` is not what {config} says. "
            + "The file was changed since: export the checkpoint again."), (result.ExitCode, result.Error.Trim()));
    }

    [Fact]
    public void ThatComputeSomethingElseAreTold()
    {
        using GoldenFixture golden = GoldenFixture.Open("mhc4");
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(golden.Checkpoint, folder["m.onnx"]);
        Damage(folder["m.onnx"], Checkpoint.Open(golden.Checkpoint).Read("transformer.h.1.mlp.c_fc.weight"));

        CommandLineTool.Result result = CommandLineTool.Mhc("verify", "--checkpoint", golden.Checkpoint, "--model", folder["m.onnx"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("| logprobs |", result.Output, StringComparison.Ordinal);
        Assert.Matches($"^mhc: {folder["m.onnx"]}: does not compute what {golden.Checkpoint} does\\. "
            + "The first that differs is transformer\\.h\\.1\\.mlp, on random tokens: \\S+ from the reference, where float32 allows \\S+\\. "
            + "Export the checkpoint again; if it differs again, this is a mistake of the exporter: please report it with the "
            + "checkpoint's config\\.json\\.$", result.Error.Trim());
    }

    [Fact]
    public void AreVerifiedOnlyWhereThatIsWanted()
    {
        using GoldenFixture golden = GoldenFixture.Open("mhc4");
        using TemporaryFolder folder = Fixtures.Temporary();

        string exported = CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", folder["m.onnx"], "--no-verify");

        Assert.DoesNotContain("Verified", exported, StringComparison.Ordinal);
        Assert.Equal(["m.onnx"], FilesIn(folder));
    }

    // Another number for the first of a weight.
    private static void Damage(string path, float[] weight)
    {
        byte[] file = File.ReadAllBytes(path);
        int at = file.AsSpan().IndexOf(MemoryMarshal.AsBytes(weight.AsSpan(0, 4)));
        BitConverter.GetBytes(9f).CopyTo(file, at);
        File.WriteAllBytes(path, file);
    }

    private static void WriteTokenizer(string checkpoint) => File.WriteAllText(Path.Combine(checkpoint, "tokenizer.json"),
        """{ "version": 1, "type": "char", "vocabulary": ["\n", "a", "b", "c"], "prefix_token_id": 0, "eos_token_id": null }""");

    private static string Sha256(GoldenFixture golden) => Convert.ToHexStringLower(
        SHA256.HashData(File.ReadAllBytes(Path.Combine(golden.Checkpoint, "model.safetensors"))));

    private static string[] FilesIn(TemporaryFolder folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
