namespace Mhc.Onnx;

/// <summary>
/// The projections of mixing logits in double precision. Training makes them in every step; a graph holds their results. Matrices are
/// indexed [from, to].
/// </summary>
internal static class HProjection
{
    /// <summary>
    /// Log-domain Sinkhorn-Knopp (arXiv:2512.24880, §4.2). Z = logits / tau; <paramref name="iterations"/> times first rows (from):
    /// u = −logsumexp over to of (Z + v), then columns (to): v = −logsumexp over from of (Z + u); H = exp(Z + u + v).
    /// Columns come last, so they sum to 1 to rounding; rows carry what is left of the truncated iteration.
    /// </summary>
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

    /// <summary>
    /// X = logits / (‖logits‖_F + eps), then <paramref name="steps"/> times X ← aX + (bA + cA²)X with A = XXᵀ; H = X∘X. Rows and columns
    /// sum to 1 as nearly as the steps make X orthogonal.
    /// </summary>
    public static double[,] Orthostochastic(double[,] logits, int steps, double eps, NewtonSchulzCoefficients coeffs)
    {
        int n = logits.GetLength(0);
        double norm = Math.Sqrt(logits.Cast<double>().Sum(logit => logit * logit)) + eps;
        double[,] x = Matrix(n, (from, to) => logits[from, to] / norm);
        for (int i = 0; i < steps; i++)
        {
            double[,] before = x, a = Product(n, (row, k) => before[row, k], (k, column) => before[column, k]);
            double[,] a2 = Product(n, (row, k) => a[row, k], (k, column) => a[k, column]);
            double[,] turned = Product(n, (row, k) => coeffs.B * a[row, k] + coeffs.C * a2[row, k], (k, column) => before[k, column]);
            x = Matrix(n, (from, to) => coeffs.A * before[from, to] + turned[from, to]);
        }
        return Matrix(n, (from, to) => x[from, to] * x[from, to]);
    }

    /// <summary>Σ_p softmax(logits)_p · P_p over <see cref="Permutations"/>, where P_p[from, to] = 1 where p[from] = to.</summary>
    public static double[,] Permutation(int n, IReadOnlyList<double> logits)
    {
        var h = new double[n, n];
        foreach ((int[] permutation, double weight) in Permutations(n).Zip(Softmax(logits)))
            for (int from = 0; from < n; from++)
                h[from, permutation[from]] += weight;
        return h;
    }

    /// <summary>The permutations of 0 … n−1 in lexicographic order, the identity first.</summary>
    public static IReadOnlyList<int[]> Permutations(int n)
    {
        List<int[]> begun = [[]];
        for (int length = 0; length < n; length++)
            begun = [.. begun.SelectMany(first => Enumerable.Range(0, n).Except(first).Select(next => (int[])[.. first, next]))];
        return begun;
    }

    /// <summary>
    /// The Kronecker product of [[a, 1−a], [1−a, a]] with a = sigmoid(logit), one for each bit of a stream's number, the most significant
    /// first: an element is a product of a where the bits of from and to agree, 1−a where they differ.
    /// </summary>
    public static double[,] Kronecker(IReadOnlyList<double> logits)
    {
        double[] a = Sigmoid(logits, 1);
        return Matrix(1 << a.Length, (from, to) =>
        {
            double product = 1;
            for (int factor = 0; factor < a.Length; factor++)
                product *= ((from ^ to) >> (a.Length - 1 - factor) & 1) == 0 ? a[factor] : 1 - a[factor];
            return product;
        });
    }

    /// <summary>(1 − leak)·I + leak·C with C[from, to] = softmax(logits)[(to − from) mod n].</summary>
    public static double[,] Circulant(IReadOnlyList<double> logits, double leak)
    {
        double[] shifts = Softmax(logits);
        int n = shifts.Length;
        return IdentityMix(Matrix(n, (from, to) => shifts[(to - from + n) % n]), leak);
    }

    /// <summary>(1 − alpha)·I + alpha·H.</summary>
    public static double[,] IdentityMix(double[,] h, double alpha) =>
        Matrix(h.GetLength(0), (from, to) => (from == to ? 1 - alpha : 0) + alpha * h[from, to]);

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

    private static double[,] Product(int n, Func<int, int, double> left, Func<int, int, double> right) =>
        Matrix(n, (row, column) => Enumerable.Range(0, n).Sum(k => left(row, k) * right(k, column)));

    private static double[,] Matrix(int n, Func<int, int, double> element)
    {
        var matrix = new double[n, n];
        for (int from = 0; from < n; from++)
            for (int to = 0; to < n; to++)
                matrix[from, to] = element(from, to);
        return matrix;
    }
}
