using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>A text's scores do not depend on what else is in the batch: to the last bit, on the CPU in float32.</summary>
public sealed class BatchedAndPaddedTextTests : IDisposable
{
    // Sizes beyond one vector register and one block of the matrix product, with remainders.
    private static readonly MhcConfig Config = SyntheticCheckpoint.Tiny with { NEmbd = 132, NHead = 3, VocabSize = 301, BlockSize = 200, Streams = 4 };

    private readonly OrtModel _model = OrtModel.Export(Config, OnnxOutputs.Scores);
    private readonly Random _random = new(5);

    public static TheoryData<int, int, int> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, int, int>();
            foreach (int length in (int[])[1, 2, 7, 16, 31, 65, 130])
                foreach ((int padding, int others) in ((int, int)[])[(0, 2), (1, 0), (3, 1), (9, 0), (64, 2)])
                    shapes.Add(length, padding, others);
            return shapes;
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void ScoresAreThoseOfTheTextAlone(int length, int padding, int others) => AssertAsAlone(_model, length, padding, others);

    /// <summary>Where the streams flow through the graph the rows of all tokens stand in the same products.</summary>
    [Theory]
    [InlineData("Hc", 2)]
    [InlineData("MhcDynamic", 1)]
    public void ScoresOfTokenDependentDesignsAreThoseOfTheTextAlone(string residual, int fracs)
    {
        MhcConfig config = Config with { Residual = Enum.Parse<ResidualMode>(residual), Fracs = fracs, ValueResidual = ValueResidual.Free };
        using OrtModel model = OrtModel.Export(config, OnnxOutputs.Scores);
        foreach (int length in (int[])[1, 7, 31, 65])
            AssertAsAlone(model, length, padding: 9, others: 2);
    }

    [Fact]
    public void ScoresWithAttentionAsOneOperatorAreThoseOfTheTextAlone()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Config);
        Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        using OrtModel model = OrtModel.Of(OnnxExporter.Model(checkpoint, HMatrices.Project(checkpoint), new() { Opset = 23 }));
        foreach (int length in (int[])[1, 7, 31, 65])
            AssertAsAlone(model, length, padding: 9, others: 2);
    }

    [Fact]
    public void ScoreOfOnePositionIsThatAmongMany()
    {
        int[] text = Text(40);
        long[] targets = [.. Text(40).Select(id => (long)id)];
        float[] all = _model.Scores([text], OrtModel.Range(0, 40), targets);

        for (int position = 0; position < text.Length; position++)
            Assert.Equal([all[position]], _model.Scores([text], [position], [targets[position]]));
    }

    public void Dispose() => _model.Dispose();

    private void AssertAsAlone(OrtModel model, int length, int padding, int others)
    {
        int[] text = Text(length);
        long[] targets = [.. Text(length).Select(id => (long)id)];
        int row = length + padding;
        int[][] batch = [.. Enumerable.Range(0, others).Select(_ => Text(row)), [.. text, .. Text(padding)]];

        float[] alone = model.Scores([text], OrtModel.Range(0, length), targets);
        float[] together = model.Scores(batch, OrtModel.Range(others * row, length), targets);

        Assert.Equal(alone, together);
    }

    private int[] Text(int length) => [.. Enumerable.Range(0, length).Select(_ => _random.Next(Config.VocabSize))];
}
