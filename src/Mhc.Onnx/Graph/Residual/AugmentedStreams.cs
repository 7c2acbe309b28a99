namespace Mhc.Onnx;

/// <summary>
/// Layout <c>augmented</c>: one constant (S + 1, S + 1) matrix for each sublayer takes [streams; y] to [new streams; next branch input].
/// </summary>
internal sealed class AugmentedStreams(GraphBuilder g, MhcConfig config, HMatrices[] matrices) : StaticStreams(g, config)
{
    private readonly GraphBuilder _g = g;

    public override string Layout => "augmented";

    // Every stream is the embedding: what the first branch reads is the embedding times Σ_s h_pre[s].
    public override Value[] Start(Value e)
    {
        Value streams = Repeated(e);
        float weight = (float)matrices[0].HPre.Sum();
        using IDisposable block = _g.Scope("transformer.h.0"), scope = _g.Scope(HMatrices.ModuleOf(0));
        return [streams, weight == 1 ? e : _g.Mul(e, _g.Scalar(weight), "read")];
    }

    public override Value[] Sublayer(Value[] streams, int sublayer, Func<Value, Value> branch)
    {
        Value y = branch(streams[1]);
        using IDisposable scope = _g.Scope(HMatrices.ModuleOf(sublayer));
        Value augmented = _g.Concat([streams[0], Flat(y, "branch_output")], axis: 0, Streams + 1, "augmented");
        StreamWeights next = StreamWeights.OfStreams(Streams).Write(matrices[sublayer]);
        if (sublayer == matrices.Length - 1)
            return [_g.MatMul(Matrix("update", next.Rows), augmented, "update")];                         // (S, N·C)
        Value updated = _g.MatMul(Matrix("update", [.. next.Rows, next.Read(matrices[sublayer + 1])]), augmented, "update");
        Value[] parts = _g.Split(updated, axis: 0, [Streams, 1]);
        return [parts[0], Tokens(parts[1], "next_read")];                                                 // (S, N·C), (N, C)
    }

    public override Value End(Value[] streams) => Final(streams[0]);
}
