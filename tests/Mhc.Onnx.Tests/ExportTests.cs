using System.Globalization;
using System.Security.Cryptography;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

public class ExportTests
{
    private static readonly string Tiny = Fixtures.Folder("mhc-tiny");

    [Fact]
    public void DefaultsAreExactScoresInFloat32() => Assert.Equal(
        new()
        {
            Outputs = OnnxOutputs.Scores,
            Layout = OnnxLayout.Auto,
            PruneBelow = 0,
            Precision = OnnxPrecision.Float32,
            Opset = 20,
            TopK = 0,
            Ranks = false,
            Entropies = false,
            Hidden = false,
        },
        new OnnxExportOptions());

    [Fact]
    public void ResultTellsWhatWasWritten()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        HMatrices[] matrices = [.. Checkpoint.Open(Tiny).ProjectHMatrices()];

        OnnxExportResult result = OnnxExporter.Export(Tiny, folder["model.onnx"]);

        OnnxModelSummary summary = OnnxModelSummary.Read(folder["model.onnx"]);
        Assert.Equal(new(folder["model.onnx"], new FileInfo(folder["model.onnx"]).Length, summary.OperatorCounts.Values.Sum(),
            summary.ParameterCount, matrices.Max(h => h.MaxRowError), matrices.Max(h => h.MaxColumnError))
        {
            Layout = "unrolled",
        }, result);
        Assert.InRange(result.MaxRowError, 1e-6, 0.1);
        Assert.InRange(result.MaxColumnError, 0, 1e-15);
    }

    [Fact]
    public void ReplacesTheFileThatIsThereAndLeavesNothingElse()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["model.onnx"], "an older model");

        OnnxExporter.Export(Tiny, folder["model.onnx"]);

        Assert.Equal([folder["model.onnx"]], Directory.EnumerateFiles(folder.Path));
        Assert.Equal(OnnxExportOptions.DefaultOpset, OnnxModelSummary.Read(folder["model.onnx"]).Opset);
    }

    [Fact]
    public void BytesAreTheSameInEveryLanguage()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(Tiny, folder["first.onnx"]);
        CultureInfo here = CultureInfo.CurrentCulture;
        var elsewhere = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        elsewhere.NumberFormat.NegativeSign = "−";
        elsewhere.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = elsewhere;
            OnnxExporter.Export(Tiny, folder["second.onnx"]);
        }
        finally
        {
            CultureInfo.CurrentCulture = here;
        }

        Assert.Equal(SHA256.HashData(File.ReadAllBytes(folder["first.onnx"])), SHA256.HashData(File.ReadAllBytes(folder["second.onnx"])));
    }

    [Fact]
    public void OutputsThatThereAreNotAreRefused()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        var e = Assert.Throws<ArgumentOutOfRangeException>(
            () => OnnxExporter.Export(Tiny, folder["model.onnx"], new() { Outputs = (OnnxOutputs)3 }));

        Assert.Equal($"Expected Scores, Logits or Decoder. (Parameter 'Outputs'){Environment.NewLine}Actual value was 3.", e.Message);
        Assert.False(File.Exists(folder["model.onnx"]));
    }

    [Fact]
    public void OpsetThatThereIsNotIsRefused()
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => OnnxExporter.Export(Tiny, "model.onnx", new() { Opset = 18 }));

        Assert.Equal($"Expected 17, 20 or 23. (Parameter 'Opset'){Environment.NewLine}Actual value was 18.", e.Message);
    }

    [Fact]
    public void FolderThatIsNotThereIsNamed()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        var e = Assert.Throws<DirectoryNotFoundException>(() => OnnxExporter.Export(Tiny, Path.Combine(folder["exports"], "model.onnx")));

        Assert.Equal($"There is no folder '{folder["exports"]}' to write model.onnx to. Create it, or correct the path.", e.Message);
    }
}
