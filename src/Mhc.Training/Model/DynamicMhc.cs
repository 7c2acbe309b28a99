using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// mHC as the paper has it (arXiv:2512.24880, equations 7 to 9): x' = RMSNorm of a token's S·C values makes the logits
/// gate·(x'·phi) + bias of h_pre = sigmoid, h_post = 2·sigmoid and H_res = Sinkhorn of the exponential.
/// </summary>
internal sealed class DynamicMhc : DynamicStreams
{
    private const double Epsilon = 1e-5;
    private static readonly string[] Kinds = ["pre", "post", "res"];
    private readonly Parameter[] _phi, _gate, _bias;     // of pre, post, res: (2L, S·C, K), (2L), (2L, …) with K values

    public DynamicMhc(FlatParameters p, MhcConfig config) : base(config)
    {
        _phi = Stacked("phi");
        _gate = Stacked("alpha");
        _bias = Stacked("bias");

        Parameter[] Stacked(string what) =>
            [.. Kinds.Select(kind => p.StackedLeaf(ParameterTable.OfSublayers(config, $"{what}_{kind}")))];
    }

    public override Func<int, Tensor, Coefficients> Prepare()
    {
        // One matrix for the three, with the gates in its columns.
        Tensor phi = cat([.. _phi.Zip(_gate, (matrix, gate) => matrix * gate.view(-1, 1, 1))], 2);       // (2L, S·C, S + S + S²)
        Tensor bias = cat([.. _bias.Select(values => values.flatten(1))], 1);                              // (2L, S + S + S²)
        return (sublayer, streams) => At(phi[sublayer], bias[sublayer], streams);
    }

    public static IEnumerable<ParameterSpec> Parameters(MhcConfig config)
    {
        (int s, long values) = (config.Streams, (long)config.Streams * config.NEmbd);
        long[][] shapes = [[s], [s], [s, s]];
        return Kinds.Zip(shapes).SelectMany(kind => Kind($"phi_{kind.First}", [values, kind.Second.Aggregate((a, b) => a * b)], _ => null))
            .Concat(Kinds.SelectMany(kind => Kind($"alpha_{kind}", [], _ => [0.01f])))
            // The live start of static mHC.
            .Concat(Kind("bias_pre", [s], sublayer => StaticMhc.Home(s, sublayer, 3, -3)))
            .Concat(Kind("bias_post", [s], sublayer => StaticMhc.Home(s, sublayer, 1, 0)))
            .Concat(Kind("bias_res", [s, s], _ => Projection.Diagonal(s, 3, -3).Values));

        IEnumerable<ParameterSpec> Kind(string kind, long[] shape, Func<int, float[]?> mean) => ParameterTable.OfSublayers(config, kind)
            .Select((name, sublayer) => new ParameterSpec(name, shape, ParameterGroup.Float32, 0, mean(sublayer)));
    }

    private Coefficients At(Tensor phi, Tensor bias, Tensor streams)
    {
        int s = Config.Streams;
        Tensor x = streams.flatten(1);                                                                     // (N, S·C)
        Tensor logits = (x.matmul(phi) * (x.square().mean([-1L], keepdim: true) + Epsilon).rsqrt()) + bias;
        Tensor hPre = logits.narrow(1, 0, s).sigmoid().unsqueeze(1);                                       // (N, 1, S)
        Tensor hPost = 2 * logits.narrow(1, s, s).sigmoid().unsqueeze(2);                                  // (N, S, 1)
        Tensor hRes = Sinkhorn.Project(logits.narrow(1, 2 * s, s * s).reshape(-1, s, s), Config.HResIters); // (N, from, to)
        return new(cat([hPre, hRes.mT], 1), hPost);
    }
}
