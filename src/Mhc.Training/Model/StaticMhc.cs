using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Mhc.Training;

/// <summary>
/// Static manifold-constrained hyper-connections (arXiv:2512.24880 with input-independent matrices): what each sublayer reads from
/// the S streams and how its output joins them.
/// </summary>
internal sealed class StaticMhc
{
    private const string Mix = "H_res_alpha_logit", Pre = "H_pre_logits", Post = "H_post_logits";
    private readonly MhcConfig _config;
    private readonly Projection? _projection;
    private readonly Parameter? _hResLogits, _alphaLogits;           // (2L, …) as the projection has it, (2L)
    private readonly Parameter _hPreLogits, _hPostLogits;            // (2L, S)

    public StaticMhc(FlatParameters p, MhcConfig config)
    {
        _config = config;
        _projection = Projection.Of(config);
        _hResLogits = _projection is null ? null : p.StackedLeaf(ParameterTable.OfSublayers(config, _projection.Key));
        _alphaLogits = config.IdentityMix ? p.StackedLeaf(ParameterTable.OfSublayers(config, Mix)) : null;
        _hPreLogits = p.StackedLeaf(ParameterTable.OfSublayers(config, Pre));
        _hPostLogits = p.StackedLeaf(ParameterTable.OfSublayers(config, Post));
    }

    /// <summary>The matrices of every sublayer: h_pre (2L, S), H_res (2L, S, S) indexed [from, to], h_post (2L, S).</summary>
    public readonly record struct Matrices(Tensor HPre, Tensor HRes, Tensor HPost);

    /// <summary>Projects the matrices of all sublayers in one batched call, once per forward pass.</summary>
    public Matrices Project() => new(
        _config.HPre == StreamMap.Softmax ? F.softmax(_hPreLogits, -1) : _hPreLogits.sigmoid(),
        ProjectHRes(),
        _config.HPost == StreamMap.Softmax ? F.softmax(_hPostLogits, -1) : 2 * _hPostLogits.sigmoid());

    /// <summary>α of every sublayer's identity mix (2L), or null without one.</summary>
    public Tensor? Alpha() => _alphaLogits?.sigmoid();

    /// <summary>u = Σ_s h_pre[s] · streams[s].</summary>
    /// <param name="streams">(S, N): the N = B·T·C values of each stream in a row.</param>
    /// <returns>(N)</returns>
    public static Tensor Read(Matrices h, int sublayer, Tensor streams) => matmul(h.HPre.narrow(0, sublayer, 1), streams).squeeze(0);

    /// <summary>new = H_resᵀ · streams + h_post ⊗ y, as one matrix product that adds to the outer product.</summary>
    /// <param name="streams">(S, N)</param>
    /// <param name="y">(N), the branch's output.</param>
    /// <returns>(S, N)</returns>
    public static Tensor Write(Matrices h, int sublayer, Tensor streams, Tensor y) =>
        addmm(outer(h.HPost[sublayer], y), h.HRes[sublayer].t(), streams, 1, 1);

    /// <summary>
    /// The sublayers whose H_res cannot learn from where its logits stand: those for which the vector-Jacobian product of the projection
    /// with a fixed random cotangent is zero in every entry. The reference's default start is such a point: exp(−8/0.05) is 0 in float32.
    /// </summary>
    public IReadOnlyList<string> DeadProjections()
    {
        if (_hResLogits is null)
            return [];
        using DisposeScope scope = NewDisposeScope();
        // Drawn on the CPU, so that the answer is the same on every device.
        using var generator = new Generator(1);
        Tensor hRes = ProjectHRes();
        Tensor cotangent = randn(hRes.shape, generator: generator).to(hRes.device);
        Tensor gradient = autograd.grad([hRes], [_hResLogits], [cotangent])[0];
        float[] largest = gradient.abs().flatten(1).max(1).values.cpu().data<float>().ToArray();
        return [.. ParameterTable.Sublayers(_config).Where((_, sublayer) => largest[sublayer] == 0)];
    }

    public static IEnumerable<ParameterSpec> Parameters(MhcConfig config)
    {
        bool parity = config.Init == Initialization.Parity;
        int s = config.Streams;
        if (Projection.Of(config) is { } projection)
        {
            Projection.Initial initial = projection.Logits;
            foreach (string name in ParameterTable.OfSublayers(config, projection.Key))
                yield return new(name, initial.Shape, ParameterGroup.StreamLogits, initial.Std, initial.Values);
        }
        if (config.IdentityMix)
        {
            double alpha = Math.Clamp(config.IdentityMixAlpha, 1e-4, 1 - 1e-4);
            foreach (string name in ParameterTable.OfSublayers(config, Mix))
                yield return new(name, [], ParameterGroup.StreamLogits, 0, [(float)Math.Log(alpha / (1 - alpha))]);
        }
        foreach ((int sublayer, string name) in ParameterTable.OfSublayers(config, Pre).Index())
        {
            yield return new(name, [s], ParameterGroup.StreamLogits, 0,
                Home(s, sublayer, atHome: parity ? 0 : 3, elsewhere: parity ? -8 : -3));
        }
        // Equal h_post everywhere would keep the streams equal through every depth, and H_res would have nothing to mix.
        foreach ((int sublayer, string name) in ParameterTable.OfSublayers(config, Post).Index())
            yield return new(name, [s], ParameterGroup.StreamLogits, 0, Home(s, sublayer, atHome: parity ? 0 : 1, elsewhere: 0));
    }

    /// <summary>(S) logits that favour a sublayer's home stream, which is b mod S.</summary>
    public static float[] Home(int streams, int sublayer, float atHome, float elsewhere) =>
        [.. Enumerable.Range(0, streams).Select(stream => stream == sublayer % streams ? atHome : elsewhere)];

    private Tensor ProjectHRes()
    {
        Tensor identity = eye(_config.Streams, device: _hPreLogits.device);
        if (_projection is null)
            return identity.expand(_config.Sublayers, -1, -1);
        Tensor hRes = _projection.Project(_hResLogits!);
        return Alpha()?.view(-1, 1, 1) is { } alpha ? ((1 - alpha) * identity) + (alpha * hRes) : hRes;
    }
}
