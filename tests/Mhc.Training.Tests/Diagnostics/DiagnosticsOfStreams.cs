using CsCheck;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

public class DiagnosticsOfStreams
{
    private static readonly MhcConfig Tiny = new() { VocabSize = 13, BlockSize = 8, NLayer = 2, NHead = 2, NEmbd = 8, Streams = 3 };

    [Fact]
    public void TellEqualOpposedAndOrthogonalStreamsApart()
    {
        StreamDiagnostics d = StreamDiagnostics.Of(
            [
                new double[,] { { 4, 4 }, { 4, 4 } }, new double[,] { { 4, -2 }, { -2, 1 } }, new double[,] { { 4, 0 }, { 0, 4 } },
                new double[2, 2],
            ],
            elements: 4);

        Assert.Equal([[1, 1], [1, 0.5], [1, 1], [0, 0]], d.Rms);
        Assert.Equal([1, -1, 0, 0], d.Cosine);
        Assert.Equal(1, d.EffectiveRank[0], 1e-6);
        Assert.Equal(1, d.EffectiveRank[1], 1e-6);
        Assert.Equal(2, d.EffectiveRank[2], 1e-12);
    }

    [Fact]
    public void AreThoseOfTheStreamsThemselves() => Gen.Int[1, 5].Select(Gen.ULong).Sample((count, seed) =>
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(seed);
        Tensor streams = randn([count, 50], generator: generator, dtype: ScalarType.Float64) + 0.5;

        StreamDiagnostics d = StreamDiagnostics.Of([MatrixMath.Square(matmul(streams, streams.t()).ToDoubles())], 50);

        Tensor p = linalg.svdvals(streams);
        p /= p.sum();
        Assert.Equal(Math.Exp(-(p * p.log()).sum().item<double>()), d.EffectiveRank[0], 1e-9);
        Tensor unit = streams / streams.norm(1, keepdim: true);
        double[] cosines = matmul(unit, unit.t()).ToDoubles();
        if (count > 1)
            Assert.Equal((cosines.Sum() - count) / (count * (count - 1)), d.Cosine[0], 1e-9);
        Assert.InRange(d.Cosine[0], d.CosineMin[0], d.CosineMax[0]);
    }, iter: 30);

    [Fact]
    public void AreTakenFromTheNextForwardPassAlone()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        using var model = new MhcModel(Tiny, 1, CPU);
        Tensor tokens = arange(16, ScalarType.Int64).remainder(13).view(2, 8);
        using var observer = new StreamObserver(model);
        model.forward(tokens);

        StreamDiagnostics first = observer.Diagnostics!;
        model.forward(tokens.flip(1));

        Assert.Equal(4, first.Rms.Length);
        Assert.All(first.Rms, streams => Assert.Equal(3, streams.Length));
        Assert.Equal(first.Rms, observer.Diagnostics!.Rms);
        // All streams start as the embedding, so after one sublayer they span it and that sublayer's output.
        Assert.InRange(first.EffectiveRank[0], 1, 2);
    }

    [Fact]
    public void AreAbsentWithAPlainResidual()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new MhcModel(Tiny with { Residual = ResidualMode.None }, 1, CPU);
        using var observer = new StreamObserver(model);
        model.forward(zeros([1, 8], ScalarType.Int64));

        Assert.Null(observer.Diagnostics);
        Assert.Null(EvaluationDiagnostics.Of(model, observer.Diagnostics, clipRatio: 1));
    }
}
