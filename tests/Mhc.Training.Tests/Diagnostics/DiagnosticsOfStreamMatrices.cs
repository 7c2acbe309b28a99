using CsCheck;
using Mhc.Testing;

namespace Mhc.Training.Tests;

/// <summary>Entries are [from, to], as in docs/metrics.md.</summary>
public class DiagnosticsOfStreamMatrices
{
    private static readonly double[] Even = [0.5, 0.5], First = [1, 0];

    [Fact]
    public void SayThatTheIdentityKeepsTheStreamsApart()
    {
        StreamMatrixDiagnostics d = Of(new double[,] { { 1, 0 }, { 0, 1 } }, new double[,] { { 1, 0 }, { 0, 1 } });

        Assert.Equal([1.0, 1.0], d.Lambda2);
        Assert.Equal([0.0, 0.0], d.DistanceToIdentity);
        Assert.Equal([1.0, 1.0], d.DistanceToUniform);
        Assert.Equal([0.0, 0.0], d.MinEntry);
        Assert.Equal([1.0, 1.0], d.ForwardGain);
        Assert.Equal([1.0, 1.0], d.BackwardGain);
        Assert.Equal([1.0, 1.0], d.SigmaMin);
    }

    [Fact]
    public void SayThatTheUniformMatrixMakesTheStreamsOne()
    {
        StreamMatrixDiagnostics d = Of(new double[,] { { 0.5, 0.5 }, { 0.5, 0.5 } });

        Assert.Equal(0, d.Lambda2[0], 1e-12);
        Assert.Equal(0, d.SigmaMin[0], 1e-12);
        Assert.Equal(1, d.DistanceToIdentity[0], 1e-12);
        Assert.Equal(0, d.DistanceToUniform[0], 1e-12);
    }

    [Fact]
    public void TakeTheModulusOfComplexEigenvalues()
    {
        // A cyclic shift that loses a tenth at each turn: eigenvalues 0.9 times the cube roots of 1.
        double[,] shift = { { 0, 0.9, 0 }, { 0, 0, 0.9 }, { 0.9, 0, 0 } };
        StreamMatrixDiagnostics d = StreamMatrixDiagnostics.Of([new double[3]], [shift], [new double[3]]);

        Assert.Equal(0.9, d.Lambda2[0], 1e-12);
        Assert.Equal(0.1, d.RowSumError[0], 1e-12);
        Assert.Equal(0.1, d.ColumnSumError[0], 1e-12);
    }

    [Fact]
    public void ShrinkWithEachSublayerThatMixes()
    {
        StreamMatrixDiagnostics d = Of(new[,] { { 0.9, 0.1 }, { 0.1, 0.9 } }, new[,] { { 0.75, 0.25 }, { 0.25, 0.75 } });

        TensorAssert.Close("lambda2", [0.8, 0.5], [.. d.Lambda2], 1e-12);
        TensorAssert.Close("sigma_min", [0.4, 0.5], [.. d.SigmaMin], 1e-12);
    }

    [Fact]
    public void GiveTheEntropyOfWhatIsReadAndWritten()
    {
        StreamMatrixDiagnostics d = StreamMatrixDiagnostics.Of([First, [2, 2]], [new double[2, 2], new double[2, 2]], [Even, [0, 0.3]]);

        TensorAssert.Close("h_pre", [0, Math.Log(2)], [.. d.HPreEntropy], 1e-12);
        TensorAssert.Close("h_post", [Math.Log(2), 0], [.. d.HPostEntropy], 1e-12);
    }

    [Fact]
    public void OfOneStreamHaveNoSecondEigenvalue() =>
        Assert.Equal([0.0], StreamMatrixDiagnostics.Of([[1]], [new double[,] { { 1 } }], [[1]]).Lambda2);

    [Fact]
    public void GainIsTheLargestStreamThatEqualStreamsBecomeAndTheLargestGradientOfEqualGradients() =>
        Gen.Int[2, 4].SelectMany(s => Gen.Double[0, 1].Array[s * s].Array[1, 4].Select(entries => (s, entries))).Sample((s, entries) =>
        {
            double[][,] hRes = [.. entries.Select(MatrixMath.Square)];
            double[][] any = [.. hRes.Select(_ => new double[s])];
            StreamMatrixDiagnostics d = StreamMatrixDiagnostics.Of(any, hRes, any);
            for (int b = 0; b < hRes.Length; b++)
            {
                // new[t] = Σ_s H[s, t]·streams[s], and what it sends back: gradient[s] = Σ_t H[s, t]·gradient[t].
                double[] streams = Ones(s), gradient = Ones(s);
                foreach (double[,] h in hRes[b..])
                    streams = [.. Enumerable.Range(0, s).Select(t => Enumerable.Range(0, s).Sum(f => h[f, t] * streams[f]))];
                foreach (double[,] h in hRes[b..].Reverse())
                    gradient = [.. Enumerable.Range(0, s).Select(f => Enumerable.Range(0, s).Sum(t => h[f, t] * gradient[t]))];
                Assert.Equal(streams.Max(), d.ForwardGain[b], 1e-9);
                Assert.Equal(gradient.Max(), d.BackwardGain[b], 1e-9);
            }
        }, iter: 50);

    private static double[] Ones(int count) => [.. Enumerable.Repeat(1.0, count)];

    private static StreamMatrixDiagnostics Of(params double[][,] hRes) =>
        StreamMatrixDiagnostics.Of([.. hRes.Select(_ => Even)], hRes, [.. hRes.Select(_ => Even)]);
}
