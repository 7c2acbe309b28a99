namespace Mhc.Onnx;

/// <summary>
/// mHC as the paper has it (arXiv:2512.24880, equations 7 to 9): x' = RMSNorm of a token's S·C values makes the logits
/// gate·(x'·phi) + bias of h_pre = sigmoid, h_post = 2·sigmoid and H_res = Sinkhorn of the exponential.
/// </summary>
internal sealed class DynamicMhc(GraphBuilder g, Checkpoint checkpoint) : DynamicStreams(g, checkpoint)
{
    private const double Epsilon = 1e-5;
    private static readonly string[] Kinds = ["pre", "post", "res"];

    private readonly GraphBuilder _g = g;

    protected override Coefficients At(Value streams)
    {
        int s = Config.Streams, values = s * Config.NEmbd;
        Value x = _g.Reshape(streams, ["rows", values], "x");                                               // (N, S·C)
        // x' = x · √(S·C) / √(Σx² + S·C·ε), the first root being in phi.
        Value norm = _g.Sqrt(_g.Add(_g.ReduceSumSquare(x, "norm"), _g.Scalar((float)(values * Epsilon)), "norm"), "norm");
        Value logits = _g.Add(_g.Div(_g.MatMul(x, Phi(), "phi"), norm, "normed"), Bias(), "bias");           // (N, S + S + S²)
        Value[] kinds = _g.Split(logits, axis: 1, [s, s, s * s]);
        Value hPre = _g.Reshape(_g.Sigmoid(kinds[0], "h_pre"), ["rows", 1, s], "h_pre");                     // (N, 1, S)
        Value hPost = _g.Mul(_g.Sigmoid(kinds[1], "h_post"), _g.Scalar(2f), "h_post");
        hPost = _g.Reshape(hPost, ["rows", s, 1], "h_post");                                                 // (N, S, 1)
        Value hRes = Sinkhorn(_g.Reshape(kinds[2], ["rows", s, s], "h_res"));                                // (N, from, to)
        return new(hPre, _g.Transpose(hRes, [0, 2, 1], "h_res"), hPost);
    }

    // Rows (over "to") first and columns (over "from") last, in logarithms: no logits are too large.
    private Value Sinkhorn(Value log)
    {
        for (int i = 0; i < Config.HResIters; i++)
        {
            using IDisposable scope = _g.Scope($"sinkhorn.{i}");
            log = _g.LogSoftmax(log, axis: 2, "rows");
            log = _g.LogSoftmax(log, axis: 1, "columns");
        }
        return _g.Exp(log, "h_res");
    }

    // One matrix (S·C, S + S + S²) for the three, with the gates in its columns.
    private Value Phi()
    {
        int values = Config.Streams * Config.NEmbd;
        double[][][] phi = [.. Kinds.Select(kind => GatedRows(kind, values))];                               // [kind][row][column]
        IEnumerable<double> elements = Enumerable.Range(0, values).SelectMany(row => phi.SelectMany(kind => kind[row]));
        return Constant("phi", elements, values, Columns);
    }

    private double[][] GatedRows(string kind, int rows)
    {
        double[] phi = Values($"phi_{kind}");
        double gate = Values($"alpha_{kind}")[0] * Math.Sqrt(rows);
        return [.. phi.Select(value => value * gate).Chunk(phi.Length / rows)];
    }

    private Value Bias() => Constant("bias", Kinds.SelectMany(kind => Values($"bias_{kind}")), Columns);

    private int Columns => Config.Streams * (2 + Config.Streams);
}
