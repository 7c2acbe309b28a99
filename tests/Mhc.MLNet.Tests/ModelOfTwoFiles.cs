using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests;

public class ModelOfTwoFiles
{
    [Fact]
    public void ScoresLikeTheSameModelInOne()
    {
        using MhcScorer one = new(TestModels.Bytes), two = new(TestModels.ExternalData);
        Assert.Equal(one.Score("two files").LogLikelihood, two.Score("two files").LogLikelihood);
        Assert.Equal((null, "external.onnx.data"), (one.Model.ExternalData, two.Model.ExternalData));
    }

    [Fact]
    public void WithoutTheSecondIsRefused()
    {
        string onnx = Temporary.File("alone.onnx", File.ReadAllBytes(TestModels.ExternalData));
        AssertRefused(onnx, () => new MhcScorer(onnx));
    }

    [Fact]
    public void IsOpenedByItsPathAlone() => AssertRefused("The model", () => new MhcScorer(File.ReadAllBytes(TestModels.ExternalData)));

    private static void AssertRefused(string source, Func<MhcScorer> open)
    {
        var error = Assert.Throws<InvalidDataException>(open);
        Assert.Equal($"{source}: ONNX Runtime cannot load it as a model: {error.InnerException!.Message} Its weights are in a file of their "
            + "own: keep that beside the .onnx, and open the .onnx by its path.", error.Message);
    }
}
