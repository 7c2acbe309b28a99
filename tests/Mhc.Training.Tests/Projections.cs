using CsCheck;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>What every projection of H_res promises, in double precision, with logits of sublayers side by side.</summary>
public class Projections
{
    private const int Sublayers = 2;

    /// <summary>
    /// How far row sums and column sums may be from 1. Sinkhorn's columns are exact and its rows have converged at logits up to 2;
    /// the orthostochastic one is approximate, here for matrices near the identity.
    /// </summary>
    public static TheoryData<HResProjection, double, double> Accuracies => new()
    {
        { HResProjection.Sinkhorn, 1e-3, 1e-12 },
        { HResProjection.Orthostochastic, 0.1, 0.1 },
        { HResProjection.Permutation, 1e-12, 1e-12 },
        { HResProjection.Kronecker, 1e-12, 1e-12 },
        { HResProjection.Circulant, 1e-12, 1e-12 },
    };

    [Theory, MemberData(nameof(Accuracies))]
    public void AreNonNegativeAndDoublyStochasticWithinTheirAccuracy(HResProjection kind, double rows, double columns) =>
        Logits(kind).Sample(sample =>
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor hRes = sample.Projection.Project(tensor(sample.Values, sample.Shape));

            Assert.Equal([Sublayers, sample.Streams, sample.Streams], hRes.shape);
            Assert.True(hRes.min().item<double>() >= 0);
            Assert.InRange((hRes.sum([2L]) - 1).abs().max().item<double>(), 0, rows);
            Assert.InRange((hRes.sum([1L]) - 1).abs().max().item<double>(), 0, columns);
        }, iter: 50);

    [Theory, MemberData(nameof(Accuracies))]
    public void HaveTheGradientOfFiniteDifferences(HResProjection kind, double rows, double columns) => Logits(kind).Sample(sample =>
    {
        _ = (rows, columns);
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = tensor(sample.Values, sample.Shape).requires_grad_();
        Tensor cotangent = arange(Sublayers * sample.Streams * sample.Streams, ScalarType.Float64).sin();
        Func<Tensor, Tensor> objective = z => (sample.Projection.Project(z).flatten() * cotangent).sum();
        double[] gradient = autograd.grad([objective(logits)], [logits])[0].ToDoubles();
        const double Step = 1e-6;
        for (int i = 0; i < gradient.Length; i += Math.Max(1, gradient.Length / 20)) // A permutation has up to 240 logits.
        {
            double[] up = [.. sample.Values], down = [.. sample.Values];
            (up[i], down[i]) = (up[i] + Step, down[i] - Step);
            double slope = (objective(tensor(up, logits.shape)) - objective(tensor(down, logits.shape))).item<double>() / (2 * Step);
            Assert.Equal(slope, gradient[i], 1e-7);
        }
    }, iter: 10);

    [Fact]
    public void OfAPermutationsLogitAreThatPermutation()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hRes = new Permutation(3).Project(tensor([0f, 0, 0, 100, 0, 0], [1, 6])); // (0 1 2) (0 2 1) (1 0 2) (1 2 0) …

        Assert.Equal([0, 1, 0, 0, 0, 1, 1, 0, 0], hRes.round().ToDoubles());
    }

    [Fact]
    public void OfKroneckerFactorsPutTheFirstInTheHighestBit()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hRes = new Kronecker(4).Project(tensor([-100f, 100], [1, 2])); // swaps the halves, keeps the neighbours

        Assert.Equal([0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0], hRes.round().ToDoubles());
    }

    [Fact]
    public void OfACirculantMoveEachStreamOnByTheShiftAndLeakIntoTheIdentity()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hRes = new Circulant(3, leak: 0.25).Project(tensor([0f, 100, 0], [1, 3]));

        Assert.Equal([0.75, 0.25, 0, 0, 0.75, 0.25, 0.25, 0, 0.75], hRes.ToDoubles().Select(value => Math.Round(value, 6)));
    }

    private sealed record Case(Projection Projection, int Streams, double[] Values, long[] Shape);

    private static Gen<Case> Logits(HResProjection kind) =>
        (kind == HResProjection.Kronecker ? Gen.OneOf(2, 4, 8) : Gen.Int[2, 5]).SelectMany(streams =>
        {
            var config = new MhcConfig { VocabSize = 1, BlockSize = 1, NLayer = 1, NHead = 1, NEmbd = 8, Streams = streams, HRes = kind };
            Projection projection = Projection.Of(config)!;
            long[] shape = projection.Logits.Shape;
            int elements = Sublayers * (int)shape.Aggregate(1L, (product, size) => product * size);
            double noise = kind == HResProjection.Orthostochastic ? 0.3 / streams : 2;
            return Gen.Double[-noise, noise].Array[elements].Select(values =>
            {
                float[] centre = kind == HResProjection.Orthostochastic ? projection.Logits.Values : new float[elements / Sublayers];
                return new Case(projection, streams, [.. values.Select((value, i) => value + centre[i % centre.Length])], [Sublayers, .. shape]);
            });
        });
}
