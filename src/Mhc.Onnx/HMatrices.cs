namespace Mhc.Onnx;

/// <summary>The mixing matrices of one sublayer: u = h_preᵀ·streams, new streams = H_resᵀ·streams + h_post·branch(u).</summary>
/// <param name="Sublayer">The module path, <c>transformer.h.0.hc_attn</c>.</param>
/// <param name="HPre">Read weights, S of them.</param>
/// <param name="HRes">[S][S], indexed [from][to].</param>
/// <param name="HPost">Write weights, S of them.</param>
public sealed record HMatrices(
    string Sublayer, IReadOnlyList<double> HPre, IReadOnlyList<IReadOnlyList<double>> HRes, IReadOnlyList<double> HPost)
{
    // Rounding of exp at exponents up to about a million: what is exact is exact but for that.
    private const double SumTolerance = 1e-9;

    public int Streams => HPre.Count;

    /// <summary>The largest distance of a row sum of H_res from 1: what is left of a truncated iteration.</summary>
    public double MaxRowError => HRes.Max(row => Math.Abs(row.Sum() - 1));

    /// <summary>The largest distance of a column sum of H_res from 1.</summary>
    public double MaxColumnError => Enumerable.Range(0, Streams).Max(to => Math.Abs(HRes.Sum(row => row[to]) - 1));

    /// <summary>Those of every sublayer; none where there are no constant matrices.</summary>
    internal static HMatrices[] Project(Checkpoint checkpoint)
    {
        MhcConfig config = checkpoint.Config;
        if (config.Residual != ResidualMode.Mhc)
            return [];
        HMatrices[] sublayers = [.. Enumerable.Range(0, config.Sublayers).Select(sublayer => Project(checkpoint, sublayer))];
        Throw.InvalidData_IfAny([.. sublayers.Select(sublayer => sublayer.Problem(config.HRes)).OfType<string>()
            .Select(problem => $"{checkpoint.WeightsPath}: {problem}")]);
        return sublayers;
    }

    private static HMatrices Project(Checkpoint checkpoint, int sublayer)
    {
        MhcConfig config = checkpoint.Config;
        string path = PathOf(sublayer);
        double[] Logits(string name) => Array.ConvertAll(checkpoint.Read($"{path}.{name}"), logit => (double)logit);
        double[,] Square(double[] values)
        {
            var matrix = new double[config.Streams, config.Streams];
            Buffer.BlockCopy(values, 0, matrix, 0, values.Length * sizeof(double));
            return matrix;
        }
        double[,] hRes = config.HRes switch
        {
            HResProjection.Sinkhorn => HProjection.Sinkhorn(Square(Logits("H_res_logits")), config.HResIters, config.HResTau),
            HResProjection.Orthostochastic =>
                HProjection.Orthostochastic(Square(Logits("H_res_logits")), config.NsSteps, config.NsEps, config.NsCoeffs),
            HResProjection.Permutation => HProjection.Permutation(config.Streams, Logits("H_res_permutation_logits")),
            HResProjection.Kronecker => HProjection.Kronecker(Logits("H_res_kronecker_logits")),
            HResProjection.Circulant => HProjection.Circulant(Logits("H_res_circulant_logits"), config.CirculantBeta / config.Sublayers),
            _ => HProjection.Identity(config.Streams),
        };
        if (config.IdentityMix)
            hRes = HProjection.IdentityMix(hRes, HProjection.Sigmoid(Logits("H_res_alpha_logit"), 1)[0]);
        return new(path, Map(config.HPre, Logits("H_pre_logits"), 1), Rows(hRes), Map(config.HPost, Logits("H_post_logits"), 2));
    }

    /// <summary>The module path of a sublayer's hyper-connection.</summary>
    internal static string PathOf(int sublayer) => $"transformer.h.{sublayer / 2}.{ModuleOf(sublayer)}";

    /// <summary>Its name within the block.</summary>
    internal static string ModuleOf(int sublayer) => sublayer % 2 == 0 ? "hc_attn" : "hc_mlp";

    // NaN fails every comparison, so each condition says what must hold.
    internal string? Problem(HResProjection projection)
    {
        string remedy = projection switch
        {
            HResProjection.Sinkhorn => "The logits are too large for the temperature: take an earlier checkpoint.",
            HResProjection.Orthostochastic => "The Newton–Schulz steps diverge: correct `ns_coeffs` in config.json.",
            _ => "Take an earlier checkpoint.",
        };
        if (!HPre.Concat(HPost).Concat(HRes.SelectMany(row => row)).All(value => value >= 0 && double.IsFinite(value)))
            return $"{Sublayer}: an element of h_pre, H_res or h_post is negative, NaN or infinite; expected at least 0. {remedy}";
        if (projection != HResProjection.Orthostochastic && !(MaxColumnError <= SumTolerance))
            return $"{Sublayer}: a column of H_res sums to 1 within {MaxColumnError:g2}; expected {SumTolerance:g2}. {remedy}";
        if (projection is not (HResProjection.Orthostochastic or HResProjection.Sinkhorn) && !(MaxRowError <= SumTolerance))
            return $"{Sublayer}: a row of H_res sums to 1 within {MaxRowError:g2}; expected {SumTolerance:g2}. {remedy}";
        return null;
    }

    private static double[] Map(StreamMap map, double[] logits, double sigmoidScale) =>
        map == StreamMap.Softmax ? HProjection.Softmax(logits) : HProjection.Sigmoid(logits, sigmoidScale);

    private static double[][] Rows(double[,] matrix)
    {
        int[] range = [.. Enumerable.Range(0, matrix.GetLength(0))];
        return Array.ConvertAll(range, from => Array.ConvertAll(range, to => matrix[from, to]));
    }
}
