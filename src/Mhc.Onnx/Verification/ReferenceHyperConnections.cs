namespace Mhc.Onnx;

/// <summary>
/// Hyper-connections with fracs: a token's residual is rows x[f, s] of d = C/F channels, part f of stream s. With
/// normed = x / ‖x‖ · √d · (γ + 1) of each row,
/// alpha[f1, s, f2, t] = tanh(normed · alpha_fn) · scale + static_alpha, t = 0 what the branch reads and t = 1 + s2 where the row goes,
/// beta[f1, s, f2] = tanh(normed · beta_fn) · scale + static_beta;
/// new[f2, s2] = Σ alpha[f1, s, f2, 1 + s2] · x[f1, s] + Σ beta[f1, s2, f2] · y[f1].
/// </summary>
internal sealed class ReferenceHyperConnections(MhcConfig config, IReadOnlyDictionary<string, float[]> parameters)
    : ReferenceResidual(config, parameters)
{
    public override double[][][] Sublayer(double[][][] streams, string path, Func<double[][], double[][]> branch)
    {
        int tokens = streams[0].Length, s = Config.Streams, f = Config.Fracs, d = Config.NEmbd / f;
        double[] gamma = Values($"{path}.norm.gamma"), staticBeta = Values($"{path}.static_beta");
        double[,] staticAlpha = Matrix($"{path}.static_alpha", f * s);
        double[,] alphaFn = Matrix($"{path}.dynamic_alpha_fn", d), betaFn = Matrix($"{path}.dynamic_beta_fn", d);
        double alphaScale = Values($"{path}.dynamic_alpha_scale")[0], betaScale = Values($"{path}.dynamic_beta_scale")[0];

        double[][] u = ReferenceMath.Zeros(tokens, Config.NEmbd);
        double[][][] mixed = [.. streams.Select(_ => ReferenceMath.Zeros(tokens, Config.NEmbd))];
        var beta = new double[tokens, f, s, f];
        for (int t = 0; t < tokens; t++)
            for (int f1 = 0; f1 < f; f1++)
                for (int s1 = 0; s1 < s; s1++)
                {
                    double[] x = streams[s1][t][(f1 * d)..((f1 + 1) * d)];
                    double norm = Math.Max(Math.Sqrt(x.Sum(value => value * value)), 1e-12);
                    double[] normed = [.. x.Select((value, c) => value / norm * Math.Sqrt(d) * (gamma[c] + 1))];
                    for (int f2 = 0; f2 < f; f2++)
                    {
                        for (int to = 0; to < 1 + s; to++)
                        {
                            int column = f2 * (1 + s) + to;
                            double alpha = Dynamic(normed, alphaFn, column, alphaScale) + staticAlpha[f1 * s + s1, column];
                            double[][] target = to == 0 ? u : mixed[to - 1];
                            for (int c = 0; c < d; c++)
                                target[t][f2 * d + c] += alpha * x[c];
                        }
                        beta[t, f1, s1, f2] = Dynamic(normed, betaFn, f2, betaScale) + staticBeta[s1 * f + f2];
                    }
                }

        double[][] y = branch(u);
        for (int t = 0; t < tokens; t++)
            for (int f1 = 0; f1 < f; f1++)
                for (int s2 = 0; s2 < s; s2++)
                    for (int f2 = 0; f2 < f; f2++)
                        for (int c = 0; c < d; c++)
                            mixed[s2][t][f2 * d + c] += beta[t, f1, s2, f2] * y[t][f1 * d + c];
        return mixed;
    }

    private static double Dynamic(double[] normed, double[,] fn, int column, double scale) =>
        Math.Tanh(normed.Select((value, c) => value * fn[c, column]).Sum()) * scale;
}
