namespace Mhc.Onnx;

/// <summary>
/// With constant matrices every branch input is a sum, with constant weights, of the embedding and the branch outputs before it: these
/// terms flow through the blocks, and only the streams behind the last one are made. Writing to the streams is adding a term.
/// </summary>
internal sealed class UnrolledStreams(GraphBuilder g, MhcConfig config, StreamCoefficients mhc) : ResidualStreams
{
    public override Value[] Sublayer(Value[] streams, int sublayer, Func<Value, Value> branch)
    {
        Value u;
        using (g.Scope(HMatrices.ModuleOf(sublayer)))
            u = Read(streams, mhc.BranchInputs[sublayer]);                                              // (N, C)
        return [.. streams, branch(u)];
    }

    public override Value End(Value[] streams)
    {
        using IDisposable scope = g.Scope("transformer");
        return g.Reshape(Mix(streams, mhc.FinalStreams, "streams"), [config.Streams, "rows", config.NEmbd], "streams"); // (S, N, C)
    }

    // u = Σ_a weights[a] · term_a, which is h_preᵀ · streams.
    private Value Read(Value[] terms, double[] weights)
    {
        if (Present([weights]) is [0])
            return (float)weights[0] == 1 ? terms[0] : g.Mul(terms[0], g.Scalar((float)weights[0]), "read");
        return g.Reshape(Mix(terms, [weights], "read"), ["rows", config.NEmbd], "read");                // (N, C)
    }

    private Value Mix(Value[] terms, IReadOnlyList<double[]> weights, string name)
    {
        using IDisposable scope = g.Scope(name);
        int[] present = Present(weights);
        float[] values = [.. weights.SelectMany(row => present.Select(term => (float)row[term]))];
        Value weight = g.Initializer(g.Key("weights"), values, weights.Count, present.Length);
        Value stacked = g.Concat([.. present.Select(term => terms[term])], axis: 0, "terms·rows");      // (k·N, C)
        return g.MatMul(weight, g.Reshape(stacked, [present.Length, "rows·channels"], "terms"));        // (k, N·C) → (…, N·C)
    }

    // A term whose weight is zero everywhere is left out, but for the embedding, so that there is always one.
    private static int[] Present(IReadOnlyList<double[]> weights) =>
        [.. Enumerable.Range(0, weights[0].Length).Where(term => term == 0 || weights.Any(row => (float)row[term] != 0))];
}
