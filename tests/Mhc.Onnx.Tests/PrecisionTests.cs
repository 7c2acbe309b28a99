using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Models in every precision, in ONNX Runtime on the CPU.</summary>
public class PrecisionTests
{
    // Whole blocks alone, and enough weights for what is not a matrix to count little.
    private static readonly MhcConfig Large = SyntheticCheckpoint.Tiny with { NEmbd = 256, VocabSize = 500 };

    public static TheoryData<string, OnnxPrecision> Goldens => new(
        from model in GoldenFixture.Models
        from precision in Enum.GetValues<OnnxPrecision>()
        where precision != OnnxPrecision.Float32 // Which GoldenExportTests compare more closely.
        select (model.Data, precision));

    [Theory, MemberData(nameof(Goldens))]
    public void LogitsAreWithinTheBoundOfThePrecision(string folder, OnnxPrecision precision)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        var options = new OnnxExportOptions { Outputs = OnnxOutputs.Logits, Precision = precision };
        using OrtModel model = OrtModel.Export(golden.Checkpoint, options);

        float[] logits = model.Logits(golden.Sequences("tokens"));

        TensorAssert.CloseOnAverage("logits", golden.Tensor("logits").Values, TensorAssert.Doubles(logits),
            Tolerance.LogitsIn($"{precision}"));
    }

    [Theory]
    [InlineData(OnnxPrecision.Float32, 1, 1)]
    [InlineData(OnnxPrecision.Float16Weights, 0.49, 0.53)]
    [InlineData(OnnxPrecision.Float16, 0.49, 0.53)]
    [InlineData(OnnxPrecision.Int8, 0.25, 0.27)]
    [InlineData(OnnxPrecision.Int4, 0.15, 0.18)]
    public void FileIsSmaller(OnnxPrecision precision, double atLeast, double atMost)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Large);

        OnnxExportResult whole = OnnxExporter.Export(folder.Path, folder["float32.onnx"]);
        OnnxExportResult result = OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { Precision = precision });

        Assert.InRange(result.FileBytes / (double)whole.FileBytes, atLeast, atMost);
        Assert.Equal(whole.ParameterCount, result.ParameterCount);
        Assert.Equal(result.FileBytes, new FileInfo(folder["model.onnx"]).Length);
    }

    [Theory]
    [InlineData(OnnxPrecision.Float32, "float32", "lm_head.weight")]
    [InlineData(OnnxPrecision.Float16Weights, "float16_weights", "lm_head.weight.float16")]
    [InlineData(OnnxPrecision.Float16, "float16", "lm_head.weight.float16")]
    [InlineData(OnnxPrecision.Int8, "int8", "lm_head.weight.int8", "lm_head.weight.int8.scales", "lm_head.weight.int8.zero_points")]
    [InlineData(OnnxPrecision.Int4, "int4", "lm_head.weight.int4", "lm_head.weight.int4.scales", "lm_head.weight.int4.zero_points")]
    public void EmbeddingAndHeadShareTheirBytes(OnnxPrecision precision, string name, params string[] expected)
    {
        ModelProto model = Model(Fixtures.Folder("mhc-tiny"), new() { Precision = precision });

        // No other tensor has a row, or a column, for each token.
        Assert.Equal(expected, model.Graph.Initializer.Where(tensor => tensor.Dims.Contains(23)).Select(tensor => tensor.Name));
        Assert.Equal($"\"{name}\"", model.MetadataProps.Single(entry => entry.Key == "mhc.precision").Value);
    }

    [Theory]
    [InlineData(OnnxPrecision.Float32, false)]
    [InlineData(OnnxPrecision.Float16Weights, false)]
    [InlineData(OnnxPrecision.Float16, false)]
    [InlineData(OnnxPrecision.Int8, true)]
    [InlineData(OnnxPrecision.Int4, true)]
    public void OperatorsBeyondTheStandardAreNamedWhereTheyAreUsed(OnnxPrecision precision, bool beyond)
    {
        ModelProto model = Model(Fixtures.Folder("mhc-tiny"), new() { Precision = precision });

        Assert.Equal(beyond ? ["", "com.microsoft"] : [""], model.OpsetImport.Select(opset => opset.Domain));
        Assert.Equal(beyond ? ["GatherBlockQuantized", "MatMulNBits"] : [],
            model.Graph.Node.Where(node => node.Domain == "com.microsoft").Select(node => node.OpType).Distinct().Order());
    }

    [Theory]
    [InlineData(OnnxPrecision.Float16Weights)]
    [InlineData(OnnxPrecision.Float16)]
    public void WeightTooLargeForFloat16IsNamed(OnnxPrecision precision)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny, alter: (name, values) =>
        {
            if (name == "transformer.h.1.mlp.c_fc.weight")
                values[7] = -70_000;
        });

        var e = Assert.Throws<InvalidDataException>(
            () => OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { Precision = precision }));

        Assert.Equal($"{folder["model.safetensors"]}: tensor `transformer.h.1.mlp.c_fc.weight` holds -70000; float16 ends at 65500. "
            + "Export it in float32.", e.Message);
        Assert.Equal(["config.json", "model.safetensors"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void PrecisionThatThereIsNotIsRefused()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        var e = Assert.Throws<ArgumentOutOfRangeException>(
            () => OnnxExporter.Export(Fixtures.Folder("mhc-tiny"), folder["model.onnx"], new() { Precision = (OnnxPrecision)5 }));

        Assert.Equal("Expected Float32, Float16Weights, Float16, Int8 or Int4. (Parameter 'Precision')"
            + $"{Environment.NewLine}Actual value was 5.", e.Message);
        Assert.False(File.Exists(folder["model.onnx"]));
    }

    private static ModelProto Model(string folder, OnnxExportOptions options)
    {
        Checkpoint checkpoint = Checkpoint.Open(folder);
        return OrtModel.Whole(OnnxExporter.Model(checkpoint, HMatrices.Project(checkpoint), options));
    }
}
