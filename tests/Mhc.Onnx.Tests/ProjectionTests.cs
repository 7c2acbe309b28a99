using CsCheck;

namespace Mhc.Onnx.Tests;

public class ProjectionTests
{
    private static readonly Gen<double[,]> Logits = Gen.Int[1, 6].SelectMany(n => Gen.Double[-40, 40].Array2D[n, n]);

    [Fact]
    public void SinkhornIsNonNegativeAndItsColumnsSumToOne() => Gen.Select(Logits, Gen.Int[1, 12], Gen.Double[0.05, 2]).Sample((logits, iterations, tau) =>
    {
        double[,] h = HProjection.Sinkhorn(logits, iterations, tau);
        int n = h.GetLength(0);
        for (int to = 0; to < n; to++)
        {
            double sum = 0;
            for (int from = 0; from < n; from++)
            {
                Assert.True(h[from, to] >= 0);
                sum += h[from, to];
            }
            Assert.Equal(1, sum, 1e-11);
        }
    });

    [Fact]
    public void SinkhornOfManyIterationsHasRowsThatSumToOne() => Gen.Int[1, 6].SelectMany(n => Gen.Double[-2, 2].Array2D[n, n]).Sample(logits =>
    {
        double[,] h = HProjection.Sinkhorn(logits, 300, 1);
        for (int from = 0; from < h.GetLength(0); from++)
            Assert.Equal(1, Enumerable.Range(0, h.GetLength(0)).Sum(to => h[from, to]), 1e-9);
    });

    [Fact]
    public void RowsComeFirstAndColumnsLast()
    {
        // One iteration by hand on exp(logits) = [[1, 3], [1, 1]]: rows give [[1/4, 3/4], [1/2, 1/2]], columns sum to 3/4 and 5/4.
        double[,] h = HProjection.Sinkhorn(new[,] { { 0, Math.Log(3) }, { 0, 0 } }, 1, 1);

        Assert.Equal([1 / 3.0, 3 / 5.0, 2 / 3.0, 2 / 5.0], h.Cast<double>(), (expected, actual) => Math.Abs(expected - actual) < 1e-15);
    }

    [Fact]
    public void SigmoidMapOfHPostIsTwiceThatOfHPre()
    {
        Assert.Equal([0.5, 1 / (1 + Math.Exp(-2))], HProjection.Sigmoid([0, 2], 1));
        Assert.Equal([1, 2 / (1 + Math.Exp(-2))], HProjection.Sigmoid([0, 2], 2));
    }
}
