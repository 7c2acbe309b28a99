using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>The layouts of static mHC: the same model in different graphs.</summary>
public class LayoutTests
{
    private static readonly OnnxLayout[] Exact = [OnnxLayout.Streams, OnnxLayout.Augmented, OnnxLayout.Unrolled, OnnxLayout.Chunked];

    public static TheoryData<OnnxLayout> All => new(Exact);

    [Theory, MemberData(nameof(All))]
    public void GraphIsAsApproved(OnnxLayout layout) =>
        ApprovedText.Equal($"mhc-tiny/graph-{JsonText.SnakeCase(layout)}.verified.txt", GraphText.Of(Graph(Tiny, layout)));

    [Theory, MemberData(nameof(All))]
    public void LayoutIsInTheMetadataAndTheResult(OnnxLayout layout)
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        OnnxExportResult result = OnnxExporter.Export(Tiny.Folder, folder["model.onnx"], new() { Layout = layout });

        Assert.Equal(JsonText.SnakeCase(layout), result.Layout);
        Assert.Equal($"\"{result.Layout}\"", OnnxModelSummary.Read(folder["model.onnx"]).Metadata["mhc.layout"]);
        Assert.Equal(0, result.LargestPrunedWeight);
    }

    [Fact]
    public void LayoutsOfADeepModelAgree()
    {
        MhcConfig deep = SyntheticCheckpoint.Tiny with { NLayer = 48, VocabSize = 65, Streams = 4, StreamReduce = StreamReduce.Mean };
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, deep, seed: 3, SmallBranches);
        int[][] tokens = [[64, 0, 19, 22, 3, 41, 8]];
        double[] streams = Logits(OnnxLayout.Streams);

        foreach (OnnxLayout layout in Exact[1..])
            TensorAssert.Close($"{layout}", streams, Logits(layout), Tolerance.Layouts);

        double[] Logits(OnnxLayout layout)
        {
            using OrtModel model = OrtModel.Export(folder.Path, new OnnxExportOptions { Outputs = OnnxOutputs.Logits, Layout = layout });
            return TensorAssert.Doubles(model.Logits(tokens));
        }
    }

    [Theory]
    [InlineData(1, "unrolled")] // Two sublayers are not worth a chunk.
    [InlineData(6, "chunked")]
    [InlineData(48, "chunked")]
    public void AutoTakesWhatCostsLeast(int blocks, string layout)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny with { NLayer = blocks, Streams = 4 });

        Assert.Equal(layout, OnnxExporter.Export(folder.Path, folder["model.onnx"]).Layout);
    }

    [Fact]
    public void OneStreamIsAddition()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny with { Streams = 1 });

        NodeProto[] reads = [.. Graph(Checkpoint.Open(folder.Path), OnnxLayout.Unrolled).Node
            .Where(node => node.Name.Contains("/read/", StringComparison.Ordinal) && node.OpType != "Reshape")];

        Assert.Equal(["Add", "Add", "Add"], reads.Select(node => node.OpType));
    }

    [Fact]
    public void PruningLeavesOutSmallWeightsAndTellsItsBound()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        string exact = folder["exact.onnx"], pruned = folder["pruned.onnx"];
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny with { NLayer = 4 });
        OnnxExporter.Export(folder.Path, exact, new() { Layout = OnnxLayout.Unrolled });

        OnnxExportResult result = OnnxExporter.Export(folder.Path, pruned, new() { Layout = OnnxLayout.Unrolled, PruneBelow = 0.4 });

        Assert.InRange(result.LargestPrunedWeight, 0.3, 8 * 0.4);
        Assert.True(OnnxModelSummary.Read(pruned).ParameterCount < OnnxModelSummary.Read(exact).ParameterCount);
    }

    [Theory]
    [InlineData(-0.1), InlineData(1), InlineData(double.NaN)]
    public void PruningByNoWeightIsRefused(double bound)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => new OnnxExportOptions { PruneBelow = bound }.Validate());
        Assert.StartsWith("Expected a number from 0 to less than 1. (Parameter 'PruneBelow')", e.Message, StringComparison.Ordinal);
    }

    private static Checkpoint Tiny { get; } = Checkpoint.Open(Fixtures.Folder("mhc-tiny"));

    private static GraphProto Graph(Checkpoint checkpoint, OnnxLayout layout) =>
        OnnxExporter.Model(checkpoint, HMatrices.Project(checkpoint), new() { Layout = layout }).Graph;

    // As training starts them: the sum of 96 branches must not dwarf the embedding, since the tolerance is absolute.
    private static void SmallBranches(string name, float[] values)
    {
        if (name.EndsWith("c_proj.weight", StringComparison.Ordinal) || name == "lm_head.weight")
            for (int i = 0; i < values.Length; i++)
                values[i] *= 0.2f;
    }
}
