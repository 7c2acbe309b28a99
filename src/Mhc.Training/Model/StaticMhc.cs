using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Mhc.Training;

/// <summary>
/// Static manifold-constrained hyper-connections (arXiv:2512.24880 with input-independent matrices): what each sublayer reads from
/// the S streams and how its output joins them.
/// </summary>
internal sealed class StaticMhc(FlatParameters p, MhcConfig config)
{
    private readonly Parameter? _hResLogits = config.HRes == HResProjection.Sinkhorn
        ? p.StackedLeaf(Names(config, "H_res_logits")) : null; // (2L, S, S)
    private readonly Parameter _hPreLogits = p.StackedLeaf(Names(config, "H_pre_logits"));    // (2L, S)
    private readonly Parameter _hPostLogits = p.StackedLeaf(Names(config, "H_post_logits"));  // (2L, S)

    /// <summary>The matrices of every sublayer: h_pre (2L, S), H_res (2L, S, S) indexed [from, to], h_post (2L, S).</summary>
    public readonly record struct Matrices(Tensor HPre, Tensor HRes, Tensor HPost);

    /// <summary>Projects the matrices of all sublayers in one batched call, once per forward pass.</summary>
    public Matrices Project() => new(
        config.HPre == StreamMap.Softmax ? F.softmax(_hPreLogits, -1) : _hPreLogits.sigmoid(),
        ProjectHRes(),
        config.HPost == StreamMap.Softmax ? F.softmax(_hPostLogits, -1) : 2 * _hPostLogits.sigmoid());

    /// <summary>u = Σ_s h_pre[s] · streams[s].</summary>
    /// <param name="streams">(S, N): the N = B·T·C values of each stream in a row.</param>
    /// <returns>(N)</returns>
    public static Tensor Read(Matrices h, int sublayer, Tensor streams) => matmul(h.HPre.narrow(0, sublayer, 1), streams).squeeze(0);

    /// <summary>new = H_resᵀ · streams + h_post ⊗ y, as one matrix product that adds to the outer product.</summary>
    /// <param name="streams">(S, N)</param>
    /// <param name="y">(N), the branch's output.</param>
    /// <returns>(S, N)</returns>
    public Tensor Write(Matrices h, int sublayer, Tensor streams, Tensor y)
    {
        Tensor update = outer(h.HPost[sublayer], y);
        return config.HRes == HResProjection.Identity ? streams + update : addmm(update, h.HRes[sublayer].t(), streams, 1, 1);
    }

    /// <summary>
    /// The sublayers whose H_res cannot learn from where its logits stand: those for which the vector-Jacobian product of the projection
    /// with a fixed random cotangent is zero in every entry. The reference's default start is such a point: exp(−8/0.05) is 0 in float32.
    /// </summary>
    public IReadOnlyList<string> DeadProjections()
    {
        if (_hResLogits is null)
            return [];
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1, _hResLogits.device);
        Tensor hRes = ProjectHRes();
        Tensor cotangent = randn(hRes.shape, device: hRes.device, generator: generator);
        Tensor gradient = autograd.grad([hRes], [_hResLogits], [cotangent])[0];
        float[] largest = gradient.abs().flatten(1).max(1).values.cpu().data<float>().ToArray();
        return [.. ParameterTable.Sublayers(config).Where((_, sublayer) => largest[sublayer] == 0)];
    }

    public static IEnumerable<ParameterSpec> Parameters(MhcConfig config)
    {
        bool parity = config.Init == Initialization.Parity;
        int s = config.Streams;
        if (config.HRes == HResProjection.Sinkhorn)
        {
            float diagonal = parity ? 0 : 3, offDiagonal = parity ? -8 : -3;
            foreach (string name in Names(config, "H_res_logits"))
            {
                yield return new(name, [s, s], false, 0,
                    [.. Enumerable.Range(0, s * s).Select(i => i / s == i % s ? diagonal : offDiagonal)]);
            }
        }
        foreach ((int sublayer, string name) in Names(config, "H_pre_logits").Index())
            yield return Home(name, sublayer, atHome: parity ? 0 : 3, elsewhere: parity ? -8 : -3);
        // Equal h_post everywhere would keep the streams equal through every depth, and H_res would have nothing to mix.
        foreach ((int sublayer, string name) in Names(config, "H_post_logits").Index())
            yield return Home(name, sublayer, atHome: parity ? 0 : 1, elsewhere: 0);
        if (config.StreamReduce == StreamReduce.Learned)
            yield return new("transformer.stream_reduce_logits", [s], false, 0, new float[s]);

        ParameterSpec Home(string name, int sublayer, float atHome, float elsewhere) =>
            new(name, [s], false, 0, [.. Enumerable.Range(0, s).Select(stream => stream == sublayer % s ? atHome : elsewhere)]);
    }

    private static string[] Names(MhcConfig config, string kind) => [.. ParameterTable.Sublayers(config).Select(path => $"{path}.{kind}")];

    private Tensor ProjectHRes() => _hResLogits is null
        ? eye(config.Streams, device: _hPreLogits.device).expand(config.Sublayers, config.Streams, config.Streams)
        : Sinkhorn.Project(_hResLogits, config.HResIters, config.HResTau);
}
