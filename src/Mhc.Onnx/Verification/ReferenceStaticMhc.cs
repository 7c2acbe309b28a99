namespace Mhc.Onnx;

/// <summary>u = Σ_s h_pre[s] · streams[s];  new[t] = Σ_s H_res[s, t] · streams[s] + h_post[t] · branch(u).</summary>
internal sealed class ReferenceStaticMhc(MhcConfig config, IReadOnlyDictionary<string, float[]> parameters)
    : ReferenceResidual(config, parameters)
{
    private readonly int _n = config.Streams;

    public override double[][][] Sublayer(double[][][] streams, string path, Func<double[][], double[][]> branch)
    {
        double[] hPre = Map(Config.HPre, $"{path}.H_pre_logits", 1);
        double[] hPost = Map(Config.HPost, $"{path}.H_post_logits", 2);
        double[,] hRes = HRes(path);
        double[][] y = branch(ReferenceMath.WeightedSum(streams, hPre));
        var mixed = new double[_n][][];
        for (int to = 0; to < _n; to++)
        {
            double[] column = [.. Enumerable.Range(0, _n).Select(from => hRes[from, to])];
            mixed[to] = ReferenceMath.WeightedSum([ReferenceMath.WeightedSum(streams, column), y], [1, hPost[to]]);
        }
        return mixed;
    }

    private double[] Map(StreamMap map, string parameter, double sigmoidScale) => map == StreamMap.Softmax
        ? ReferenceMath.Softmax(Values(parameter))
        : [.. Values(parameter).Select(logit => sigmoidScale * ReferenceMath.Sigmoid(logit))];

    private double[,] HRes(string path)
    {
        double[,] h = Config.HRes switch
        {
            HResProjection.Sinkhorn => Sinkhorn(Matrix($"{path}.H_res_logits", _n)),
            HResProjection.Orthostochastic => Orthostochastic(Matrix($"{path}.H_res_logits", _n)),
            HResProjection.Permutation => Permutation(ReferenceMath.Softmax(Values($"{path}.H_res_permutation_logits"))),
            HResProjection.Kronecker => Kronecker([.. Values($"{path}.H_res_kronecker_logits").Select(ReferenceMath.Sigmoid)]),
            HResProjection.Circulant => Circulant(ReferenceMath.Softmax(Values($"{path}.H_res_circulant_logits"))),
            _ => Mix(new double[_n, _n], 0),
        };
        return Config.IdentityMix ? Mix(h, ReferenceMath.Sigmoid(Values($"{path}.H_res_alpha_logit")[0])) : h;
    }

    // (1 − α)·I + α·H
    private double[,] Mix(double[,] h, double alpha)
    {
        var mixed = new double[_n, _n];
        for (int from = 0; from < _n; from++)
            for (int to = 0; to < _n; to++)
                mixed[from, to] = (from == to ? 1 - alpha : 0) + alpha * h[from, to];
        return mixed;
    }

    private double[,] Sinkhorn(double[,] logits)
    {
        for (int from = 0; from < _n; from++)
            for (int to = 0; to < _n; to++)
                logits[from, to] /= Config.HResTau;
        return ReferenceMath.Sinkhorn(logits, Config.HResIters);
    }

    // X ← aX + (bA + cA²)X with A = XXᵀ, from logits / (‖logits‖ + eps); then every element squared.
    private double[,] Orthostochastic(double[,] x)
    {
        double squares = 0;
        foreach (double logit in x)
            squares += logit * logit;
        for (int i = 0; i < _n; i++)
            for (int j = 0; j < _n; j++)
                x[i, j] /= Math.Sqrt(squares) + Config.NsEps;
        (double a, double b, double c) = (Config.NsCoeffs.A, Config.NsCoeffs.B, Config.NsCoeffs.C);
        for (int step = 0; step < Config.NsSteps; step++)
        {
            double[,] xxT = new double[_n, _n], polynomial = new double[_n, _n], next = new double[_n, _n];
            for (int i = 0; i < _n; i++)
                for (int j = 0; j < _n; j++)
                    for (int k = 0; k < _n; k++)
                        xxT[i, j] += x[i, k] * x[j, k];
            for (int i = 0; i < _n; i++)
                for (int j = 0; j < _n; j++)
                {
                    polynomial[i, j] += b * xxT[i, j];
                    for (int k = 0; k < _n; k++)
                        polynomial[i, j] += c * xxT[i, k] * xxT[k, j];
                }
            for (int i = 0; i < _n; i++)
                for (int j = 0; j < _n; j++)
                {
                    next[i, j] += a * x[i, j];
                    for (int k = 0; k < _n; k++)
                        next[i, j] += polynomial[i, k] * x[k, j];
                }
            x = next;
        }
        for (int i = 0; i < _n; i++)
            for (int j = 0; j < _n; j++)
                x[i, j] *= x[i, j];
        return x;
    }

    // The index of a permutation in lexicographic order tells, digit by digit to the bases n, n−1, …, which of the streams left is next.
    private double[,] Permutation(double[] weights)
    {
        var h = new double[_n, _n];
        for (int index = 0; index < weights.Length; index++)
        {
            List<int> left = [.. Enumerable.Range(0, _n)];
            int rest = index, count = weights.Length;
            for (int from = 0; from < _n; from++)
            {
                count /= left.Count;
                int to = left[rest / count];
                rest %= count;
                left.Remove(to);
                h[from, to] += weights[index];
            }
        }
        return h;
    }

    // The first factor is the outermost: its blocks are the largest.
    private static double[,] Kronecker(double[] a)
    {
        double[,] product = { { 1 } };
        foreach (double same in a)
        {
            int size = product.GetLength(0);
            var next = new double[2 * size, 2 * size];
            for (int from = 0; from < 2 * size; from++)
                for (int to = 0; to < 2 * size; to++)
                    next[from, to] = product[from / 2, to / 2] * (from % 2 == to % 2 ? same : 1 - same);
            product = next;
        }
        return product;
    }

    // Shift j takes every stream j places on.
    private double[,] Circulant(double[] weights)
    {
        var shifts = new double[_n, _n];
        for (int j = 0; j < _n; j++)
            for (int from = 0; from < _n; from++)
                shifts[from, (from + j) % _n] += weights[j];
        return Mix(shifts, Config.CirculantBeta / Config.Sublayers);
    }
}
