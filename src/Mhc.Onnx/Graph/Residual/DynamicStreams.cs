namespace Mhc.Onnx;

/// <summary>
/// Residual streams whose coefficients depend on the token, computed in the graph. R residual rows a token, F·S of them with the fracs
/// outermost; d = C/F values a row.
/// </summary>
internal abstract class DynamicStreams(GraphBuilder g, Checkpoint checkpoint) : ResidualStreams
{
    /// <summary>Coefficients of one sublayer for every token.</summary>
    /// <param name="Read">(N, F, R): what the branch reads.</param>
    /// <param name="Mix">(N, R, R), indexed [to, from]: how the rows mix.</param>
    /// <param name="Write">(N, R, F): how the branch's output joins them.</param>
    protected sealed record Coefficients(Value Read, Value Mix, Value Write);

    protected MhcConfig Config { get; } = checkpoint.Config;

    private Dim[] Rows => ["rows", Config.Fracs * Config.Streams, Config.NEmbd / Config.Fracs];

    private Dim[] Parts => ["rows", Config.Fracs, Config.NEmbd / Config.Fracs];

    public override string Layout => "dynamic";

    /// <summary>The embedding in every stream: (N, C) → (N, R, d).</summary>
    public override Value[] Start(Value e)
    {
        using IDisposable scope = g.Scope("transformer");
        e = g.Reshape(e, ["rows", Config.Fracs, 1, Config.NEmbd / Config.Fracs], "parts");
        return [g.Reshape(g.Repeat(e, axis: 2, Config.Streams, "streams"), Rows, "streams")];
    }

    public override Value[] Sublayer(Value[] streams, int sublayer, Func<Value, Value> branch)
    {
        Coefficients h;
        Value u;
        using (g.Scope(HMatrices.ModuleOf(sublayer)))
        {
            h = At(streams[0]);
            u = Read(h, streams[0]);                                                                    // (N, C)
        }
        Value y = branch(u);
        using (g.Scope(HMatrices.ModuleOf(sublayer)))
            return [Write(h, streams[0], y)];
    }

    /// <summary>The coefficients of the sublayer that the present scope is, at its streams.</summary>
    protected abstract Coefficients At(Value streams);

    /// <summary>What the branch reads: (N, C).</summary>
    private Value Read(Coefficients h, Value streams) =>
        g.Reshape(g.MatMul(h.Read, streams, "read"), ["rows", Config.NEmbd], "branch_input");

    /// <summary>The streams after the branch's output (N, C) has joined them: (N, R, d).</summary>
    private Value Write(Coefficients h, Value streams, Value y) =>
        g.Add(g.MatMul(h.Mix, streams, "mix"), g.MatMul(h.Write, g.Reshape(y, Parts, "branch_output"), "write"), "streams");

    /// <summary>Whole streams again: (N, R, d) → (S, N, C).</summary>
    public override Value End(Value[] streams)
    {
        using IDisposable scope = g.Scope("transformer");
        Value parts = g.Reshape(streams[0], ["rows", Config.Fracs, Config.Streams, Config.NEmbd / Config.Fracs], "final_parts");
        return g.Reshape(g.Transpose(parts, [2, 0, 1, 3], "final_streams"), [Config.Streams, "rows", Config.NEmbd], "final_streams");
    }

    /// <summary>The values of a parameter of the sublayer that the present scope is.</summary>
    protected double[] Values(string parameter) => Array.ConvertAll(checkpoint.Read(g.Key(parameter)), value => (double)value);

    /// <summary>What is computed of parameters at export, in double precision.</summary>
    protected Value Constant(string name, IEnumerable<double> values, params Dim[] shape) =>
        g.Initializer(g.Key($"folded.{name}"), [.. values.Select(value => (float)value)], shape);
}
