namespace Mhc.Onnx;

/// <summary>The projections of mixing logits in double precision. Training makes them in every step; a graph holds their results.</summary>
internal static class HProjection
{
    /// <summary>
    /// Log-domain Sinkhorn-Knopp (arXiv:2512.24880, §4.2). Z = logits / tau; <paramref name="iterations"/> times first rows (from):
    /// u = −logsumexp over to of (Z + v), then columns (to): v = −logsumexp over from of (Z + u); H = exp(Z + u + v).
    /// Columns come last, so they sum to 1 to rounding; rows carry what is left of the truncated iteration.
    /// </summary>
    /// <returns>H_res, indexed [from, to].</returns>
    public static double[,] Sinkhorn(double[,] logits, int iterations, double tau)
    {
        int n = logits.GetLength(0);
        var u = new double[n];
        var v = new double[n];
        double Z(int from, int to) => logits[from, to] / tau;
        for (int i = 0; i < iterations; i++)
        {
            for (int from = 0; from < n; from++)
                u[from] = -LogSumExp(n, to => Z(from, to) + v[to]);
            for (int to = 0; to < n; to++)
                v[to] = -LogSumExp(n, from => Z(from, to) + u[from]);
        }
        return Matrix(n, (from, to) => Math.Exp(Z(from, to) + u[from] + v[to]));
    }

    public static double[,] Identity(int n) => Matrix(n, (from, to) => from == to ? 1 : 0);

    public static double[] Softmax(IReadOnlyList<double> logits)
    {
        double logSum = LogSumExp(logits.Count, i => logits[i]);
        return [.. logits.Select(logit => Math.Exp(logit - logSum))];
    }

    public static double[] Sigmoid(IReadOnlyList<double> logits, double scale) =>
        [.. logits.Select(logit => scale / (1 + Math.Exp(-logit)))];

    private static double LogSumExp(int n, Func<int, double> term)
    {
        double largest = double.NegativeInfinity;
        for (int i = 0; i < n; i++)
            largest = Math.Max(largest, term(i));
        double sum = 0;
        for (int i = 0; i < n; i++)
            sum += Math.Exp(term(i) - largest);
        return largest + Math.Log(sum);
    }

    private static double[,] Matrix(int n, Func<int, int, double> element)
    {
        var matrix = new double[n, n];
        for (int from = 0; from < n; from++)
            for (int to = 0; to < n; to++)
                matrix[from, to] = element(from, to);
        return matrix;
    }
}
