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

        Assert.Equal([1 / 3.0, 3 / 5.0, 2 / 3.0, 2 / 5.0], h.Cast<double>(), Near);
    }

    [Fact]
    public void ExactProjectionsAreDoublyStochastic() => Gen.Double[-40, 40].Array[24].Sample(logits =>
    {
        AssertDoublyStochastic(HProjection.Permutation(4, logits));
        AssertDoublyStochastic(HProjection.Kronecker(logits[..3]));
        AssertDoublyStochastic(HProjection.Circulant(logits[..5], 0.25));
        AssertDoublyStochastic(HProjection.IdentityMix(HProjection.Circulant(logits[..5], 1), 0.3));
    });

    [Fact]
    public void PermutationsStandInLexicographicOrder() => Assert.Equal(
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]], HProjection.Permutations(3));

    [Fact]
    public void PermutationSendsEachStreamWhereItSays()
    {
        // All weight on [1, 2, 0], which takes stream 0 to 1, 1 to 2 and 2 to 0.
        Assert.Equal([0, 1, 0, 0, 0, 1, 1, 0, 0], HProjection.Permutation(3, [0, 0, 0, 1000, 0, 0]).Cast<double>());
    }

    [Fact]
    public void FirstKroneckerFactorIsTheMostSignificantBit()
    {
        // a = [3/4, 1/2]: stream 0 goes to 2 (its first bit differs) with (1 − 3/4) · 1/2 and to 1 (its second bit differs) with 3/4 · 1/2.
        double[,] h = HProjection.Kronecker([Math.Log(3), 0]);

        Assert.Equal([3 / 8.0, 3 / 8.0, 1 / 8.0, 1 / 8.0], Enumerable.Range(0, 4).Select(to => h[0, to]), Near);
        Assert.Equal([3 / 8.0, 3 / 8.0, 1 / 8.0, 1 / 8.0], Enumerable.Range(0, 4).Select(from => h[from, 1]), Near);
    }

    [Fact]
    public void CirculantShiftsForward()
    {
        // All weight on the shift by one, a quarter of the way from the identity.
        Assert.Equal([0.75, 0.25, 0, 0, 0.75, 0.25, 0.25, 0, 0.75], HProjection.Circulant([0, 1000, 0], 0.25).Cast<double>());
    }

    [Fact]
    public void OrthostochasticOfATurnedSquareIsItsSquares()
    {
        // A rotation's singular values are equal: Newton–Schulz only scales them, to 1, where 1.5 − 0.5 = 1 keeps them.
        double[,] h = HProjection.Orthostochastic(new[,] { { 0.6, -0.8 }, { 0.8, 0.6 } }, 60, 1e-7, new(1.5, -0.5, 0));

        Assert.Equal([0.36, 0.64, 0.64, 0.36], h.Cast<double>(), Near);
    }

    [Fact]
    public void IdentityMixLeavesTheRestToTheIdentity() => Assert.Equal([0.875, 0.125, 0.25, 0.75],
        HProjection.IdentityMix(new[,] { { 0.5, 0.5 }, { 1, 0 } }, 0.25).Cast<double>());

    [Fact]
    public void SigmoidMapOfHPostIsTwiceThatOfHPre()
    {
        Assert.Equal([0.5, 1 / (1 + Math.Exp(-2))], HProjection.Sigmoid([0, 2], 1));
        Assert.Equal([1, 2 / (1 + Math.Exp(-2))], HProjection.Sigmoid([0, 2], 2));
    }

    private static bool Near(double expected, double actual) => Math.Abs(expected - actual) < 1e-15;

    private static void AssertDoublyStochastic(double[,] h)
    {
        int n = h.GetLength(0);
        Assert.All(h.Cast<double>(), element => Assert.InRange(element, 0, 1 + 1e-12));
        for (int i = 0; i < n; i++)
        {
            Assert.Equal(1, Enumerable.Range(0, n).Sum(to => h[i, to]), 1e-12);
            Assert.Equal(1, Enumerable.Range(0, n).Sum(from => h[from, i]), 1e-12);
        }
    }
}
