namespace Mhc.Onnx;

/// <summary>Layout <c>streams</c>: the S streams flow through the blocks, and each formula of the paper is one operation.</summary>
internal sealed class StreamsByFormula(GraphBuilder g, MhcConfig config, HMatrices[] matrices) : StaticStreams(g, config)
{
    private readonly GraphBuilder _g = g;

    public override string Layout => "streams";

    public override Value[] Start(Value e) => [Repeated(e)];                                              // (S, N·C)

    public override Value[] Sublayer(Value[] streams, int sublayer, Func<Value, Value> branch)
    {
        HMatrices h = matrices[sublayer];
        Value u;
        using (_g.Scope(HMatrices.ModuleOf(sublayer)))
            u = Tokens(_g.MatMul(Matrix("h_pre", [[.. h.HPre]]), streams[0], "read"), "read");             // (N, C)
        Value y = branch(u);
        using (_g.Scope(HMatrices.ModuleOf(sublayer)))
        {
            double[][] transposed = [.. Enumerable.Range(0, Streams).Select(to => h.HRes.Select(from => from[to]).ToArray())];
            Value mixed = _g.MatMul(Matrix("h_res.T", transposed), streams[0], "mix");
            Value written = _g.Mul(Matrix("h_post", [.. h.HPost.Select(value => new[] { value })]), Flat(y, "branch_output"), "write");
            return [_g.Add(mixed, written, "streams")];
        }
    }

    public override Value End(Value[] streams) => Final(streams[0]);
}
