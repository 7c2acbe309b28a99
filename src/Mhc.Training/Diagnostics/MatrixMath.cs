using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>Small square matrices in double precision, on the CPU whatever the model runs on. Entries are [from, to].</summary>
internal static class MatrixMath
{
    /// <summary>A matrix from its entries in row-major order.</summary>
    public static double[,] Square(double[] entries)
    {
        int size = (int)Math.Sqrt(entries.Length);
        var matrix = new double[size, size];
        Buffer.BlockCopy(entries, 0, matrix, 0, entries.Length * sizeof(double));
        return matrix;
    }

    public static double[] RowSums(double[,] matrix) =>
        [.. Indices(matrix).Select(from => Indices(matrix).Sum(to => matrix[from, to]))];

    public static double[] ColumnSums(double[,] matrix) =>
        [.. Indices(matrix).Select(to => Indices(matrix).Sum(from => matrix[from, to]))];

    /// <summary>Frobenius norm of the difference.</summary>
    public static double Distance(double[,] matrix, Func<int, int, double> other) =>
        Math.Sqrt(Indices(matrix).Sum(from => Indices(matrix).Sum(to => Math.Pow(matrix[from, to] - other(from, to), 2))));

    /// <summary>Entropy in nats of non-negative weights divided by their sum.</summary>
    public static double Entropy(IReadOnlyList<double> weights)
    {
        double total = weights.Sum();
        return -weights.Where(weight => weight > 0).Sum(weight => weight / total * Math.Log(weight / total));
    }

    /// <summary>Element b is matrix b · matrix b+1 · … · the last.</summary>
    public static double[][,] ProductsToTheEnd(IReadOnlyList<double[,]> matrices)
    {
        double[][,] products = [.. matrices];
        for (int b = products.Length - 2; b >= 0; b--)
            products[b] = Multiply(matrices[b], products[b + 1]);
        return products;
    }

    /// <summary>The second largest modulus of the eigenvalues of each matrix; 0 where there is only one.</summary>
    public static double[] SecondEigenvalueModuli(IReadOnlyList<double[,]> matrices)
    {
        if (matrices.Count == 0 || matrices[0].GetLength(0) < 2)
            return new double[matrices.Count];
        using DisposeScope scope = NewDisposeScope();
        return Doubles(linalg.eigvals(Stack(matrices)).abs().sort(-1, descending: true).Values.select(1, 1));
    }

    public static double[] SmallestSingularValues(IReadOnlyList<double[,]> matrices)
    {
        if (matrices.Count == 0)
            return [];
        using DisposeScope scope = NewDisposeScope();
        return Doubles(linalg.svdvals(Stack(matrices)).amin([1L]));
    }

    /// <summary>The eigenvalues of a symmetric matrix, smallest first.</summary>
    public static double[] SymmetricEigenvalues(double[,] matrix)
    {
        using DisposeScope scope = NewDisposeScope();
        return Doubles(linalg.eigvalsh(tensor(matrix)));
    }

    private static double[,] Multiply(double[,] a, double[,] b)
    {
        var product = new double[a.GetLength(0), b.GetLength(1)];
        foreach (int i in Indices(a))
            foreach (int j in Indices(a))
                foreach (int k in Indices(a))
                    product[i, j] += a[i, k] * b[k, j];
        return product;
    }

    private static IEnumerable<int> Indices(double[,] matrix) => Enumerable.Range(0, matrix.GetLength(0));

    private static Tensor Stack(IReadOnlyList<double[,]> matrices) => stack(matrices.Select(matrix => tensor(matrix))); // (N, S, S)

    private static double[] Doubles(Tensor values) => values.contiguous().data<double>().ToArray();
}
