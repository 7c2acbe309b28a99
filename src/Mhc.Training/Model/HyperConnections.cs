using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// Dynamic hyper-connections (arXiv:2409.19606) with fracs (arXiv:2503.14125): each row of the residual sets, through a tanh, how much the
/// branch reads of it, how it mixes into the others, and how much of the branch's output joins the stream.
/// </summary>
internal sealed class HyperConnections : DynamicStreams
{
    private readonly Parameter _staticAlpha, _alphaFn, _alphaScale, _staticBeta, _betaFn, _betaScale, _gamma;

    public HyperConnections(FlatParameters p, MhcConfig config) : base(config)
    {
        _staticAlpha = Stacked("static_alpha");          // (2L, R, F·(1+S))
        _alphaFn = Stacked("dynamic_alpha_fn");          // (2L, d, F·(1+S))
        _alphaScale = Stacked("dynamic_alpha_scale");    // (2L)
        _staticBeta = Stacked("static_beta");            // (2L, S·F), streams outermost
        _betaFn = Stacked("dynamic_beta_fn");            // (2L, d, F), without the last axis at F = 1
        _betaScale = Stacked("dynamic_beta_scale");      // (2L)
        _gamma = Stacked("norm.gamma");                  // (2L, d)

        Parameter Stacked(string kind) => p.StackedLeaf(ParameterTable.OfSublayers(config, kind));
    }

    /// <summary>
    /// The columns [alpha | beta] of every sublayer, so that a sublayer makes all its coefficients with one product. The norm's scale
    /// √d·(γ + 1) goes into the matrix, and its 1/‖x‖ into the small result: the normed rows themselves are never made.
    /// </summary>
    public override Func<int, Tensor, Coefficients> Prepare()
    {
        (int f, int s) = (Fracs, Config.Streams);
        long d = Config.NEmbd / f;
        Tensor fn = cat([_alphaFn, _betaFn.view(-1, d, f)], 2);
        // (2L, F·(1+S) + F, d): a narrow product and its gradient are several times faster with the long axis last.
        fn = (fn * ((_gamma + 1) * Math.Sqrt(d)).unsqueeze(2)).mT.contiguous();
        Tensor scale = cat([_alphaScale.view(-1, 1).expand(-1, f * (1 + s)), _betaScale.view(-1, 1).expand(-1, f)], 1);
        // beta's static part stands with (stream, frac written): the same for every frac that is read.
        Tensor beta = _staticBeta.view(-1, 1, s, f).expand(-1, f, -1, -1).reshape(-1, f * s, f);
        Tensor constant = cat([_staticAlpha, beta], 2);                                                   // (2L, R, F·(1+S) + F)
        return (sublayer, streams) => At(fn[sublayer], scale[sublayer], constant[sublayer], streams);
    }

    public static IEnumerable<ParameterSpec> Parameters(MhcConfig config)
    {
        (int f, int s, long d) = (config.Fracs, config.Streams, config.NEmbd / config.Fracs);
        int columns = f * (1 + s);
        return
        [
            .. Kind("static_alpha", [s * f, columns], sublayer => StaticAlpha(sublayer, s, f)),
            .. Kind("dynamic_alpha_fn", [d, columns], _ => new float[d * columns]),
            .. Kind("dynamic_alpha_scale", [], _ => [0.01f]),
            .. Kind("static_beta", [s * f], _ => [.. Enumerable.Repeat(1f, s * f)]),
            .. Kind("dynamic_beta_fn", f == 1 ? [d] : [d, f], _ => new float[d * f]),
            .. Kind("dynamic_beta_scale", [], _ => [0.01f]),
            .. Kind("norm.gamma", [d], _ => new float[d]),
        ];

        IEnumerable<ParameterSpec> Kind(string kind, long[] shape, Func<int, float[]> mean) => ParameterTable.OfSublayers(config, kind)
            .Select((name, sublayer) => new ParameterSpec(name, shape, ParameterGroup.Float32, 0, mean(sublayer)));
    }

    private Coefficients At(Tensor fn, Tensor scale, Tensor constant, Tensor streams)
    {
        (int f, int s) = (Fracs, Config.Streams);
        Tensor norm = linalg.vector_norm(streams, 2, [-1], keepdim: true).clamp_min(1e-12);               // (N, R, 1)
        Tensor h = ((nn.functional.linear(streams, fn) / norm).tanh() * scale) + constant;
        // alpha[f1, s1, f2, t]: t = 0 is what the branch reads, t = 1 + s2 is where the row goes.
        Tensor mix = h.narrow(2, 0, f * (1 + s)).mT;                                                      // (N, F·(1+S), R)
        // beta[f1, s, f2]: branch part f1 joins stream s in part f2, whose row is f2·S + s.
        Tensor beta = h.narrow(2, f * (1 + s), f).view(-1, f, s, f);
        Tensor write = beta.permute(0, 3, 2, 1).reshape(-1, f * s, f);                                    // (N, R, F)
        return new(mix, write);
    }

    // [one-hot(b mod S) | I] over the S·F rows, as the reference fills it; with fracs its columns are then read as (F, 1 + S).
    private static float[] StaticAlpha(int sublayer, int s, int f) =>
    [
        .. Enumerable.Range(0, s * f).SelectMany(row => Enumerable.Range(0, f * (1 + s))
            .Select(column => (column < f ? row == sublayer % s : column - f == row) ? 1f : 0)),
    ];
}
