using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>What a precision stores is the weights rounded as docs/precision.md says, and nothing else.</summary>
public class StoredWeightsTests
{
    private static readonly int[][] Tokens = [[3, 22, 0, 7, 7, 19, 1], [11, 4, 4, 21, 16, 2, 9]];

    // Rows of 20 and 80 are no whole blocks; those of 64 and 256 are, of different sizes with 8 bits.
    public static TheoryData<OnnxPrecision, string, int> Stored => new(
        from precision in Enum.GetValues<OnnxPrecision>()
        where precision != OnnxPrecision.Float16 // Which is not computed in float32.
        from residual in Enum.GetNames<ResidualMode>()
        from channels in new[] { 20, 64 }
        select (precision, residual, channels));

    // All that a precision changes but what it computes in is the weights: with these in the reference model nothing is left to differ.
    [Theory, MemberData(nameof(Stored))]
    public void LogitsAreThoseOfTheWeightsAsStored(OnnxPrecision precision, string residual, int channels)
    {
        var mode = Enum.Parse<ResidualMode>(residual);
        MhcConfig config = SyntheticCheckpoint.Tiny with { Residual = mode, NEmbd = channels, Streams = mode == ResidualMode.None ? 1 : 3 };
        using TemporaryFolder original = Fixtures.Temporary(), stored = Fixtures.Temporary();
        SyntheticCheckpoint.Write(original.Path, config, alter: SmallLogits);
        SyntheticCheckpoint.Write(stored.Path, config, alter: (name, values) =>
        {
            SmallLogits(name, values);
            AsStored(config, name, values, precision);
        });
        var reference = new ReferenceModel(Checkpoint.Open(stored.Path));
        double[] expected = [.. Tokens.SelectMany(sequence => reference.Logits(sequence).SelectMany(row => row))];

        foreach (OnnxLayout layout in mode == ResidualMode.Mhc ? Enum.GetValues<OnnxLayout>() : [OnnxLayout.Auto])
        {
            var options = new OnnxExportOptions { Outputs = OnnxOutputs.Logits, Precision = precision, Layout = layout };
            using OrtModel model = OrtModel.Of(WithExactProducts(Model(original.Path, options)));
            TensorAssert.Close($"{layout}", expected, TensorAssert.Doubles(model.Logits(Tokens)), Tolerance.Logits);
        }
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

    // The tolerance is absolute.
    private static void SmallLogits(string name, float[] values)
    {
        if (name == "lm_head.weight")
            for (int i = 0; i < values.Length; i++)
                values[i] *= 0.3f;
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
                InBlocks(values.AsSpan(row, columns), precision);
    }

    private static void InBlocks(Span<float> row, OnnxPrecision precision)
    {
        int size = precision == OnnxPrecision.Int4 || row.Length % 64 != 0 ? 32 : row.Length % 128 != 0 ? 64 : 128;
        for (int start = 0; start < row.Length; start += size)
            InCodes(row[start..Math.Min(start + size, row.Length)], precision == OnnxPrecision.Int8 ? 255 : 15);
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
