using System.Text.Json.Serialization;

namespace Mhc.Training;

/// <summary>
/// What the matrices of static mHC do to the residual streams: one value a sublayer in each list, in double precision.
/// docs/metrics.md defines them; they are the <c>matrices</c> of an evaluation's line in <c>metrics.jsonl</c>.
/// </summary>
/// <remarks>
/// The composite of a sublayer is the product of H_res from it to the last one: how the streams before it reach the end.
/// </remarks>
public sealed record StreamMatrixDiagnostics
{
    /// <summary>Largest distance of a row sum of H_res (over "to") from 1.</summary>
    public required IReadOnlyList<double> RowSumError { get; init; }

    /// <summary>Largest distance of a column sum of H_res (over "from") from 1.</summary>
    public required IReadOnlyList<double> ColumnSumError { get; init; }

    /// <summary>Smallest entry of H_res.</summary>
    public required IReadOnlyList<double> MinEntry { get; init; }

    /// <summary>
    /// |λ₂|, the second largest modulus of the eigenvalues of H_res: 1 keeps the streams apart, 0 makes them one. 0 with one stream.
    /// </summary>
    public required IReadOnlyList<double> Lambda2 { get; init; }

    /// <summary>Frobenius norm of H_res − I.</summary>
    public required IReadOnlyList<double> DistanceToIdentity { get; init; }

    /// <summary>Frobenius norm of H_res − U, every entry of U being 1/S.</summary>
    public required IReadOnlyList<double> DistanceToUniform { get; init; }

    /// <summary>Entropy of h_pre divided by its sum, in nats: 0 reads one stream, ln S all of them alike.</summary>
    public required IReadOnlyList<double> HPreEntropy { get; init; }

    /// <summary>Entropy of h_post divided by its sum, in nats: 0 writes to one stream, ln S to all of them alike.</summary>
    public required IReadOnlyList<double> HPostEntropy { get; init; }

    /// <summary>Largest absolute column sum of the composite: how much a signal can grow on its way to the end.</summary>
    public required IReadOnlyList<double> ForwardGain { get; init; }

    /// <summary>Largest absolute row sum of the composite: how much a gradient can grow on its way back.</summary>
    public required IReadOnlyList<double> BackwardGain { get; init; }

    /// <summary>Smallest singular value of the composite: 0 where a difference between streams never reaches the end.</summary>
    public required IReadOnlyList<double> SigmaMin { get; init; }

    /// <summary>α of H_res = (1−α)·I + α·projection, or null where the design has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Alpha { get; init; }

    /// <summary>The diagnostics of a model's matrices.</summary>
    /// <param name="hPre">[sublayer][stream]: read weights.</param>
    /// <param name="hRes">[sublayer][from, to]: new streams are H_resᵀ · streams.</param>
    /// <param name="hPost">[sublayer][stream]: write weights.</param>
    /// <param name="alpha">[sublayer] of an identity mix, or null.</param>
    public static StreamMatrixDiagnostics Of(IReadOnlyList<double[]> hPre, IReadOnlyList<double[,]> hRes, IReadOnlyList<double[]> hPost,
        IReadOnlyList<double>? alpha = null)
    {
        ArgumentNullException.ThrowIfNull(hPre);
        ArgumentNullException.ThrowIfNull(hRes);
        ArgumentNullException.ThrowIfNull(hPost);
        double[][,] composites = MatrixMath.ProductsToTheEnd(hRes);
        return new()
        {
            RowSumError = [.. hRes.Select(h => MatrixMath.RowSums(h).Max(sum => Math.Abs(sum - 1)))],
            ColumnSumError = [.. hRes.Select(h => MatrixMath.ColumnSums(h).Max(sum => Math.Abs(sum - 1)))],
            MinEntry = [.. hRes.Select(h => h.Cast<double>().Min())],
            Lambda2 = MatrixMath.SecondEigenvalueModuli(hRes),
            DistanceToIdentity = [.. hRes.Select(h => MatrixMath.Distance(h, (from, to) => from == to ? 1 : 0))],
            DistanceToUniform = [.. hRes.Select(h => MatrixMath.Distance(h, (_, _) => 1.0 / h.GetLength(0)))],
            HPreEntropy = [.. hPre.Select(MatrixMath.Entropy)],
            HPostEntropy = [.. hPost.Select(MatrixMath.Entropy)],
            ForwardGain = [.. composites.Select(c => MatrixMath.ColumnSums(c).Max(Math.Abs))],
            BackwardGain = [.. composites.Select(c => MatrixMath.RowSums(c).Max(Math.Abs))],
            SigmaMin = MatrixMath.SmallestSingularValues(composites),
            Alpha = alpha,
        };
    }
}
