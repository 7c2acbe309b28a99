using System.Security.Cryptography;
using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Models whose weights lie in a file of their own.</summary>
public class ExternalDataTests
{
    // Large enough for weights of a page.
    private static readonly MhcConfig Config = SyntheticCheckpoint.Tiny with { VocabSize = 200 };

    private static readonly int[][] Tokens = [[3, 122, 0, 7, 7, 19, 1], [11, 4, 4, 21, 16, 2, 9]];

    [Theory]
    [InlineData(OnnxPrecision.Float32)]
    [InlineData(OnnxPrecision.Float16Weights)]
    [InlineData(OnnxPrecision.Float16)]
    [InlineData(OnnxPrecision.Int8)]
    [InlineData(OnnxPrecision.Int4)]
    public void ComputesTheSame(OnnxPrecision precision)
    {
        using TemporaryFolder folder = WithCheckpoint();
        var options = new OnnxExportOptions { Outputs = OnnxOutputs.Logits, Precision = precision };
        using OrtModel whole = OrtModel.Export(folder.Path, options);

        OnnxExportResult result = OnnxExporter.Export(folder.Path, folder["model.onnx"], options with { ExternalData = true });

        using OrtModel model = OrtModel.Open(folder["model.onnx"]);
        Assert.Equal(whole.Logits(Tokens), model.Logits(Tokens));
        Assert.Equal(folder["model.onnx.data"], result.DataPath);
        Assert.Equal(new FileInfo(folder["model.onnx"]).Length + new FileInfo(folder["model.onnx.data"]).Length, result.FileBytes);
        Assert.Equal(result.FileBytes, OnnxModelSummary.Read(folder["model.onnx"]).FileBytes);
    }

    [Fact]
    public void IsWhatAModelBeyondOneFileGets()
    {
        using TemporaryFolder folder = WithCheckpoint();
        OnnxExportResult whole = OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { LargestFile = 1 << 20 });
        Assert.Null(whole.DataPath);

        OnnxExportResult result = OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { LargestFile = 1 << 17 });

        Assert.Equal(folder["model.onnx.data"], result.DataPath);
        Assert.InRange(new FileInfo(folder["model.onnx"]).Length, 1, 1 << 17);
        Assert.Equal("\"model.onnx.data\"", OnnxModelSummary.Read(folder["model.onnx"]).Metadata["mhc.external_data"]);
    }

    [Fact]
    public void LiesAtPagesAndIsNamedWithoutAFolder()
    {
        using TemporaryFolder folder = WithCheckpoint();

        OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { ExternalData = true });

        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder["model.onnx"]));
        byte[] data = File.ReadAllBytes(folder["model.onnx.data"]);
        TensorProto[] outside = [.. model.Graph.Initializer.Where(t => t.DataLocation == TensorProto.Types.DataLocation.External)];
        Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Assert.Contains(outside, tensor => tensor.Name == "lm_head.weight");
        Assert.All(outside, tensor =>
        {
            Assert.Equal(["location", "offset", "length"], tensor.ExternalData.Select(entry => entry.Key));
            Assert.Equal("model.onnx.data", tensor.ExternalData[0].Value);
            int offset = int.Parse(tensor.ExternalData[1].Value), length = int.Parse(tensor.ExternalData[2].Value);
            Assert.Equal(0, offset % 4096);
            Assert.Equal(checkpoint.Read(tensor.Name).SelectMany(BitConverter.GetBytes), data[offset..(offset + length)]);
            Assert.Empty(tensor.RawData);
        });
        // What is smaller than a page stays where it is, for readers that look at shapes and constants.
        Assert.All(model.Graph.Initializer.Except(outside), tensor => Assert.InRange(tensor.RawData.Length, 1, 4095));
    }

    [Fact]
    public void BytesDependOnTheCheckpointAndTheName()
    {
        using TemporaryFolder folder = WithCheckpoint();
        var options = new OnnxExportOptions { Precision = OnnxPrecision.Int4, ExternalData = true };
        OnnxExporter.Export(folder.Path, folder["model.onnx"], options);
        byte[][] first = Hashes();

        OnnxExporter.Export(folder.Path, folder["model.onnx"], options);

        Assert.Equal(first, Hashes());

        byte[][] Hashes() => [.. Files(folder).Select(file => SHA256.HashData(File.ReadAllBytes(folder[file])))];
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void ReplacesWhatIsThereAndLeavesNothingElse(bool before, bool after)
    {
        using TemporaryFolder folder = WithCheckpoint();
        OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { ExternalData = before, Precision = OnnxPrecision.Int8 });

        OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { ExternalData = after });

        Assert.Equal(after ? ["model.onnx", "model.onnx.data"] : ["model.onnx"], Files(folder));
        Assert.Equal("\"float32\"", OnnxModelSummary.Read(folder["model.onnx"]).Metadata["mhc.precision"]);
        using OrtModel model = OrtModel.Open(folder["model.onnx"]);
    }

    [Fact]
    public void StaysAsItWasWhereTheCheckpointIsDamaged()
    {
        using TemporaryFolder folder = WithCheckpoint(), damaged = Fixtures.Temporary();
        SyntheticCheckpoint.Write(damaged.Path, Config, alter: (name, values) => values[0] = name == "transformer.ln_f.weight" ? float.NaN : 0);
        OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { ExternalData = true });
        byte[][] before = [.. Files(folder).Select(file => File.ReadAllBytes(folder[file]))];

        Assert.Throws<InvalidDataException>(() => OnnxExporter.Export(damaged.Path, folder["model.onnx"], new() { ExternalData = true }));

        Assert.Equal(["model.onnx", "model.onnx.data"], Files(folder));
        Assert.Equal(before, [.. Files(folder).Select(file => File.ReadAllBytes(folder[file]))]);
    }

    [Fact]
    public void StaysAsItWasWhereTheModelCannotBePut()
    {
        using TemporaryFolder folder = WithCheckpoint();
        Directory.CreateDirectory(folder["model.onnx"]);
        File.WriteAllText(folder["model.onnx.data"], "another's");

        Assert.ThrowsAny<Exception>(() => OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { ExternalData = true }));

        Assert.Equal(["model.onnx.data"], Files(folder));
        Assert.Equal("another's", File.ReadAllText(folder["model.onnx.data"]));
    }

    [Fact]
    public void ModelInOneFileIsOneMessageInTheOrdinaryEncoding()
    {
        using TemporaryFolder folder = WithCheckpoint();
        OnnxExporter.Export(folder.Path, folder["model.onnx"]);

        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder["model.onnx"]));

        Assert.Equal(new FileInfo(folder["model.onnx"]).Length, model.CalculateSize());
    }

    private static TemporaryFolder WithCheckpoint()
    {
        TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Config);
        return folder;
    }

    private static string[] Files(TemporaryFolder folder) => [.. Directory.EnumerateFiles(folder.Path, "model.onnx*")
        .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
