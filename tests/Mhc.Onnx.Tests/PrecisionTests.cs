using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Models in every precision, in ONNX Runtime on the CPU.</summary>
public class PrecisionTests
{
    // C = 20: a row is no whole block. V = 23: an odd number of rows.
    private static readonly int[][] Tokens = [[3, 22, 0, 7, 7, 19, 1], [11, 4, 4, 21, 16, 2, 9]];

    // Whole blocks alone, and enough weights for what is not a matrix to count little.
    private static readonly MhcConfig Large = SyntheticCheckpoint.Tiny with { NEmbd = 256, VocabSize = 500 };

    public static TheoryData<string, OnnxPrecision> Goldens => new(
        from model in GoldenFixture.Models
        from precision in Enum.GetValues<OnnxPrecision>()
        where precision != OnnxPrecision.Float32 // Which GoldenExportTests compare more closely.
        select (model.Data, precision));

    public static TheoryData<OnnxPrecision, string, bool> Stored => new(
        from precision in Enum.GetValues<OnnxPrecision>()
        where precision != OnnxPrecision.Float16 // Which is not computed in float32.
        from residual in Enum.GetNames<ResidualMode>()
        from bias in new[] { false, true }
        select (precision, residual, bias));

    [Theory, MemberData(nameof(Goldens))]
    public void LogitsAreWithinTheBoundOfThePrecision(string folder, OnnxPrecision precision)
    {
        using GoldenFixture golden = GoldenFixture.Open(folder);
        using OrtModel model = OrtModel.Export(golden.Checkpoint, new OnnxExportOptions { Outputs = OnnxOutputs.Logits, Precision = precision });

        float[] logits = model.Logits(golden.Sequences("tokens"));

        TensorAssert.CloseOnAverage("logits", golden.Tensor("logits").Values, TensorAssert.Doubles(logits), Tolerance.LogitsIn($"{precision}"));
    }

    // All that a precision changes but what it computes in is the weights: with these in the reference model nothing is left to differ.
    [Theory, MemberData(nameof(Stored))]
    public void LogitsAreThoseOfTheWeightsAsStored(OnnxPrecision precision, string residual, bool bias)
    {
        var mode = Enum.Parse<ResidualMode>(residual);
        MhcConfig config = SyntheticCheckpoint.Tiny with { Residual = mode, Bias = bias, Streams = mode == ResidualMode.None ? 1 : 3 };
        using TemporaryFolder original = Fixtures.Temporary(), stored = Fixtures.Temporary();
        SyntheticCheckpoint.Write(original.Path, config);
        SyntheticCheckpoint.Write(stored.Path, config, alter: (name, values) => AsStored(config, name, values, precision));
        var reference = new ReferenceModel(Checkpoint.Open(stored.Path));
        double[] expected = [.. Tokens.SelectMany(sequence => reference.Logits(sequence).SelectMany(row => row))];

        foreach (OnnxLayout layout in mode == ResidualMode.Mhc ? Enum.GetValues<OnnxLayout>() : [OnnxLayout.Auto])
        {
            var options = new OnnxExportOptions { Outputs = OnnxOutputs.Logits, Precision = precision, Layout = layout };
            using OrtModel model = OrtModel.Of(WithExactProducts(Model(original.Path, options)));
            TensorAssert.Close($"{layout}", expected, TensorAssert.Doubles(model.Logits(Tokens)), Tolerance.Logits);
        }
    }

    [Theory]
    [InlineData(OnnxPrecision.Float32, 1, 1)]
    [InlineData(OnnxPrecision.Float16Weights, 0.49, 0.53)]
    [InlineData(OnnxPrecision.Float16, 0.49, 0.53)]
    [InlineData(OnnxPrecision.Int8, 0.28, 0.30)]
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

        var e = Assert.Throws<InvalidDataException>(() => OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { Precision = precision }));

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

    // With x in float32 too, which is exact and slow.
    private static ModelProto WithExactProducts(ModelProto model)
    {
        foreach (AttributeProto attribute in model.Graph.Node.SelectMany(node => node.Attribute).Where(a => a.Name == "accuracy_level"))
            attribute.I = 0;
        return model;
    }

    private static void AsStored(MhcConfig config, string name, float[] values, OnnxPrecision precision)
    {
        bool isPosition = name == "transformer.wpe.weight";
        int columns = name.EndsWith("mlp.c_proj.weight", StringComparison.Ordinal) ? 4 * config.NEmbd : config.NEmbd;
        if (!isPosition && !name.StartsWith("lm_head", StringComparison.Ordinal) && !name.Contains(".c_", StringComparison.Ordinal)
            || name.EndsWith(".bias", StringComparison.Ordinal) || precision == OnnxPrecision.Float32)
            return;
        if (isPosition || precision == OnnxPrecision.Float16Weights)
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)(Half)values[i];
        else
            for (int row = 0; row < values.Length; row += columns)
                for (int column = 0; column < columns; column += 32)
                    InCodes(values.AsSpan(row + column, Math.Min(32, columns - column)), precision == OnnxPrecision.Int8 ? 255 : 15);
    }

    // The codes 0 to largest lie evenly over the values of a block, and one of them is zero.
    private static void InCodes(Span<float> block, int largest)
    {
        float low = Math.Min(0, block.ToArray().Min()), high = Math.Max(0, block.ToArray().Max());
        float scale = high / largest - low / largest, zero = MathF.Round(-low / scale);
        foreach (ref float value in block)
            value = (Math.Clamp(MathF.Round(value / scale) + zero, 0, largest) - zero) * scale;
    }
}
