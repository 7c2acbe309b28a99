namespace Mhc.Onnx;

/// <summary>How a sublayer reads the residual streams and writes to them, in one design.</summary>
internal abstract class ReferenceResidual(MhcConfig config, IReadOnlyDictionary<string, float[]> parameters)
{
    protected MhcConfig Config { get; } = config;

    public static ReferenceResidual Of(MhcConfig config, IReadOnlyDictionary<string, float[]> parameters) => config.Residual switch
    {
        ResidualMode.Mhc => new ReferenceStaticMhc(config, parameters),
        ResidualMode.Hc => new ReferenceHyperConnections(config, parameters),
        ResidualMode.MhcDynamic => new ReferenceDynamicMhc(config, parameters),
        _ => new ReferencePlainResidual(config, parameters),
    };

    /// <param name="streams">[S][T][C], which stay as they are.</param>
    /// <param name="path">The module path of the sublayer's hyper-connection.</param>
    /// <returns>The streams behind the sublayer, [S][T][C].</returns>
    public abstract double[][][] Sublayer(double[][][] streams, string path, Func<double[][], double[][]> branch);

    protected double[] Values(string name) => [.. parameters[name].Select(value => (double)value)];

    protected double[,] Matrix(string name, int rows)
    {
        double[] values = Values(name);
        int columns = values.Length / rows;
        var matrix = new double[rows, columns];
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                matrix[row, column] = values[row * columns + column];
        return matrix;
    }
}

/// <summary>x + branch(x).</summary>
internal sealed class ReferencePlainResidual(MhcConfig config, IReadOnlyDictionary<string, float[]> parameters)
    : ReferenceResidual(config, parameters)
{
    public override double[][][] Sublayer(double[][][] streams, string path, Func<double[][], double[][]> branch) =>
        [ReferenceMath.WeightedSum([streams[0], branch(streams[0])], [1, 1])];
}
