namespace Mhc.Onnx;

/// <summary>
/// mHC as the paper has it: x' = x / √(mean(x²) + 1e-5) over a token's S·C values makes the logits alpha · (x'·phi) + bias of
/// h_pre = σ, h_post = 2σ and H_res = Sinkhorn of the exponential.
/// </summary>
internal sealed class ReferenceDynamicMhc(MhcConfig config, IReadOnlyDictionary<string, float[]> parameters)
    : ReferenceResidual(config, parameters)
{
    public override double[][][] Sublayer(double[][][] streams, string path, Func<double[][], double[][]> branch)
    {
        int tokens = streams[0].Length, s = Config.Streams;
        double[][] pre = Logits(streams, path, "pre"), post = Logits(streams, path, "post"), res = Logits(streams, path, "res");
        double[][] u = ReferenceMath.Zeros(tokens, Config.NEmbd);
        for (int t = 0; t < tokens; t++)
            for (int from = 0; from < s; from++)
                for (int c = 0; c < Config.NEmbd; c++)
                    u[t][c] += ReferenceMath.Sigmoid(pre[t][from]) * streams[from][t][c];

        double[][] y = branch(u);
        double[][][] mixed = [.. streams.Select(_ => ReferenceMath.Zeros(tokens, Config.NEmbd))];
        for (int t = 0; t < tokens; t++)
        {
            var logits = new double[s, s];
            for (int from = 0; from < s; from++)
                for (int to = 0; to < s; to++)
                    logits[from, to] = res[t][from * s + to];
            double[,] hRes = ReferenceMath.Sinkhorn(logits, Config.HResIters);
            for (int to = 0; to < s; to++)
                for (int c = 0; c < Config.NEmbd; c++)
                {
                    mixed[to][t][c] = 2 * ReferenceMath.Sigmoid(post[t][to]) * y[t][c];
                    for (int from = 0; from < s; from++)
                        mixed[to][t][c] += hRes[from, to] * streams[from][t][c];
                }
        }
        return mixed;
    }

    // [T][K] of one kind.
    private double[][] Logits(double[][][] streams, string path, string kind)
    {
        double[,] phi = Matrix($"{path}.phi_{kind}", Config.Streams * Config.NEmbd);
        double[] bias = Values($"{path}.bias_{kind}");
        double alpha = Values($"{path}.alpha_{kind}")[0];
        return [.. Enumerable.Range(0, streams[0].Length).Select(t =>
        {
            double[] x = [.. streams.SelectMany(stream => stream[t])];
            double rms = Math.Sqrt(x.Average(value => value * value) + 1e-5);
            return bias.Select((constant, k) => alpha * x.Select((value, i) => value / rms * phi[i, k]).Sum() + constant).ToArray();
        })];
    }
}
