namespace Mhc.Training;

/// <summary>
/// What the residual streams hold after each sublayer, from their inner products: one value a sublayer in each list.
/// docs/metrics.md defines them.
/// </summary>
/// <param name="Rms">[sublayer][stream]: root of the mean square of the stream's elements.</param>
/// <param name="Cosine">Mean over the pairs of streams of their signed cosine; 1 with one stream.</param>
/// <param name="CosineMin">The lowest of a pair.</param>
/// <param name="CosineMax">The highest of a pair.</param>
/// <param name="EffectiveRank">exp of the entropy of the singular values divided by their sum: 1 to S.</param>
internal sealed record StreamDiagnostics(
    double[][] Rms, double[] Cosine, double[] CosineMin, double[] CosineMax, double[] EffectiveRank)
{
    /// <param name="grams">(S, S) for each sublayer: the inner products of the streams.</param>
    /// <param name="elements">How many elements a stream has.</param>
    public static StreamDiagnostics Of(IReadOnlyList<double[,]> grams, long elements)
    {
        double[][] cosines = [.. grams.Select(Cosines)];
        return new(
            [.. grams.Select(gram => Streams(gram).Select(s => Math.Sqrt(gram[s, s] / elements)).ToArray())],
            [.. cosines.Select(pairs => pairs.Average())],
            [.. cosines.Select(pairs => pairs.Min())],
            [.. cosines.Select(pairs => pairs.Max())],
            [.. grams.Select(EffectiveRankOf)]);
    }

    private static double[] Cosines(double[,] gram)
    {
        double[] pairs =
        [
            .. Streams(gram).SelectMany(s => Streams(gram).Where(t => t > s)
                .Select(t => gram[s, s] * gram[t, t] > 0 ? gram[s, t] / Math.Sqrt(gram[s, s] * gram[t, t]) : 0)),
        ];
        return pairs.Length > 0 ? pairs : [1];
    }

    // The squared singular values of the streams are the eigenvalues of their inner products; rounding makes zeros negative.
    private static double EffectiveRankOf(double[,] gram) =>
        Math.Exp(MatrixMath.Entropy([.. MatrixMath.SymmetricEigenvalues(gram).Select(value => Math.Sqrt(Math.Max(0, value)))]));

    private static IEnumerable<int> Streams(double[,] gram) => Enumerable.Range(0, gram.GetLength(0));
}
