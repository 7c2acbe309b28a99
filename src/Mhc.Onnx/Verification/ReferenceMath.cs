namespace Mhc.Onnx;

/// <summary>What several parts of the reference model need.</summary>
internal static class ReferenceMath
{
    // Σ_i weights[i] · terms[i]
    public static double[][] WeightedSum(double[][][] terms, double[] weights)
    {
        double[][] sum = Zeros(terms[0].Length, terms[0][0].Length);
        for (int t = 0; t < sum.Length; t++)
            for (int i = 0; i < terms.Length; i++)
                for (int c = 0; c < sum[t].Length; c++)
                    sum[t][c] += weights[i] * terms[i][t][c];
        return sum;
    }

    public static double[][] Zeros(int tokens, int channels)
    {
        var zeros = new double[tokens][];
        for (int t = 0; t < tokens; t++)
            zeros[t] = new double[channels];
        return zeros;
    }

    // Normalise rows (from), then columns (to), again and again; on logarithms, because exp(logit / tau) may not fit a double.
    public static double[,] Sinkhorn(double[,] logits, int iterations)
    {
        int n = logits.GetLength(0);
        var log = (double[,])logits.Clone();
        for (int i = 0; i < iterations; i++)
        {
            for (int from = 0; from < n; from++)
            {
                double rowSum = LogSumExp([.. Enumerable.Range(0, n).Select(to => log[from, to])]);
                for (int to = 0; to < n; to++)
                    log[from, to] -= rowSum;
            }
            for (int to = 0; to < n; to++)
            {
                double columnSum = LogSumExp([.. Enumerable.Range(0, n).Select(from => log[from, to])]);
                for (int from = 0; from < n; from++)
                    log[from, to] -= columnSum;
            }
        }
        for (int from = 0; from < n; from++)
            for (int to = 0; to < n; to++)
                log[from, to] = Math.Exp(log[from, to]);
        return log;
    }

    public static double[] Softmax(double[] logits)
    {
        double logSum = LogSumExp(logits);
        return Array.ConvertAll(logits, logit => Math.Exp(logit - logSum));
    }

    public static double LogSumExp(double[] values)
    {
        double largest = values.Max();
        return largest + Math.Log(values.Sum(value => Math.Exp(value - largest)));
    }

    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    public static double Gelu(double x) => x / 2 * (1 + Erf(x / Math.Sqrt(2)));

    // erf(x) = 2/√π · e^(−x²) · Σ_n 2ⁿ x^(2n+1) / (1·3·…·(2n+1)); every term has x's sign, so nothing cancels.
    private static double Erf(double x)
    {
        if (Math.Abs(x) > 6)
            return Math.Sign(x);
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
