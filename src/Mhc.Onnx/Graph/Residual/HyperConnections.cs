namespace Mhc.Onnx;

/// <summary>
/// Dynamic hyper-connections (arXiv:2409.19606) with fracs (arXiv:2503.14125): each row of the residual sets, through a tanh, how much the
/// branch reads of it, how it mixes into the others, and how much of the branch's output joins the stream.
/// </summary>
internal sealed class HyperConnections(GraphBuilder g, Checkpoint checkpoint) : DynamicStreams(g, checkpoint)
{
    private const float SmallestNorm = 1e-12f;

    private readonly GraphBuilder _g = g;

    // Columns of the coefficients, K of them: what the branch reads, [f2]; where the row goes, [f2, s2]; what is written, [f2].
    protected override Coefficients At(Value streams)
    {
        (int f, int s) = (Config.Fracs, Config.Streams);
        Value norm = _g.Max(_g.ReduceL2(streams, "norm"), _g.Scalar(SmallestNorm), "norm");                // (N, R, 1)
        Value h = _g.Tanh(_g.Div(_g.MatMul(streams, Functions(), "functions"), norm, "normed"));           // (N, R, K)
        h = _g.Add(_g.Mul(h, Scales(), "dynamic"), Statics(), "static");
        Value[] columns = _g.Split(h, axis: 2, [f, f * s, f]);
        Value read = _g.Transpose(columns[0], [0, 2, 1], "read");                                          // (N, F, R)
        Value mix = _g.Transpose(columns[1], [0, 2, 1], "mix");                                            // (N, R to, R from)
        // beta[f1, s, f2]: branch part f1 joins stream s in part f2, whose row is f2·S + s.
        Value beta = _g.Reshape(columns[2], ["rows", f, s, f], "beta");
        Value write = _g.Reshape(_g.Transpose(beta, [0, 3, 2, 1], "write"), ["rows", f * s, f], "write");  // (N, R, F)
        return new(read, mix, write);
    }

    // The norm's scale √d·(γ + 1) goes into the matrix (d, K).
    private Value Functions()
    {
        int f = Config.Fracs, d = Config.NEmbd / f;
        double[] gamma = Values("norm.gamma"), alpha = Values("dynamic_alpha_fn"), beta = Values("dynamic_beta_fn");
        IEnumerable<double> functions = Enumerable.Range(0, d).SelectMany(c =>
            AlphaRow(alpha, c).Concat(beta[(c * f)..((c + 1) * f)]).Select(value => value * Math.Sqrt(d) * (gamma[c] + 1)));
        return Constant("functions", functions, d, Columns);
    }

    // (K)
    private Value Scales()
    {
        int f = Config.Fracs, s = Config.Streams;
        double alpha = Values("dynamic_alpha_scale")[0], beta = Values("dynamic_beta_scale")[0];
        return Constant("scales", Enumerable.Repeat(alpha, f * (1 + s)).Concat(Enumerable.Repeat(beta, f)), Columns);
    }

    // (R, K). static_beta stands with (stream, frac written): the same for every frac that is read.
    private Value Statics()
    {
        int f = Config.Fracs, s = Config.Streams;
        double[] alpha = Values("static_alpha"), beta = Values("static_beta");
        IEnumerable<double> statics = Enumerable.Range(0, f * s).SelectMany(row =>
            AlphaRow(alpha, row).Concat(beta[(row % s * f)..((row % s + 1) * f)]));
        return Constant("statics", statics, f * s, Columns);
    }

    private int Columns => Config.Fracs * (1 + Config.Streams) + Config.Fracs;

    // Alpha is stored with columns [f2, t], t = 0 what the branch reads and t = 1 + s2 where the row goes; here the first come first.
    private IEnumerable<double> AlphaRow(double[] alpha, int row)
    {
        int f = Config.Fracs, s = Config.Streams, start = row * f * (1 + s);
        for (int f2 = 0; f2 < f; f2++)
            yield return alpha[start + f2 * (1 + s)];
        for (int f2 = 0; f2 < f; f2++)
            for (int s2 = 0; s2 < s; s2++)
                yield return alpha[start + f2 * (1 + s) + 1 + s2];
    }
}
