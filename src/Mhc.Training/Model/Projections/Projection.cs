using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// One way to make H_res from logits. A new one is a file beside this one, a member of <see cref="HResProjection"/> and a line in
/// <see cref="Of"/>: docs/extending.md shows it.
/// </summary>
internal abstract class Projection
{
    /// <summary>The projection of a configuration, or null where H_res is the identity and has no logits.</summary>
    public static Projection? Of(MhcConfig config) => config.HRes switch
    {
        HResProjection.Sinkhorn => new Sinkhorn(config.Streams, config.HResIters, config.HResTau, config.Init),
        HResProjection.Orthostochastic => new Orthostochastic(config.Streams, config.NsSteps, config.NsEps, config.NsCoeffs, config.Init),
        HResProjection.Permutation => new Permutation(config.Streams),
        HResProjection.Kronecker => new Kronecker(config.Streams),
        HResProjection.Circulant => new Circulant(config.Streams, config.CirculantBeta / config.Sublayers),
        _ => null,
    };

    /// <summary>The last part of the parameter's key, behind the sublayer's path.</summary>
    public abstract string Key { get; }

    /// <summary>The logits that a sublayer starts from; their shape is the parameter's.</summary>
    public abstract Initial Logits { get; }

    /// <summary>The matrices of all sublayers at once, differentiable, in the logits' own type.</summary>
    /// <param name="logits">(N, …): N sublayers, then the shape of <see cref="Logits"/>.</param>
    /// <returns>(N, S, S), indexed [sublayer, from, to].</returns>
    public abstract Tensor Project(Tensor logits);

    /// <summary>Initial logits: the values given, plus N(0, <paramref name="Std"/>) drawn from the model's seed.</summary>
    public readonly record struct Initial(long[] Shape, float[] Values, double Std = 0);

    /// <summary>(S, S) logits with one value on the diagonal and another elsewhere.</summary>
    public static Initial Diagonal(int streams, float diagonal, float elsewhere, double std = 0) => new([streams, streams],
        [.. Enumerable.Range(0, streams * streams).Select(i => i / streams == i % streams ? diagonal : elsewhere)], std);

    /// <summary>(count) logits, the first of which stands for the identity.</summary>
    protected static Initial First(int count, float first) => new([count], [.. Enumerable.Range(0, count).Select(i => i == 0 ? first : 0)]);
}
