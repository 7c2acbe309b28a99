namespace Mhc.Onnx;

/// <summary>What the layouts of static mHC share: sums of rows with constant weights.</summary>
internal abstract class StaticStreams(GraphBuilder g, MhcConfig config) : ResidualStreams
{
    protected int Streams => config.Streams;

    public static StaticStreams Of(GraphBuilder g, MhcConfig config, HMatrices[] matrices, OnnxExportOptions options) =>
        options.Layout switch
        {
            OnnxLayout.Streams => new StreamsByFormula(g, config, matrices),
            OnnxLayout.Augmented => new AugmentedStreams(g, config, matrices),
            _ => new UnrolledStreams(g, config, matrices, LayoutCost.ChunkLength(options.Layout, config), options.PruneBelow),
        };

    /// <summary>(N, C) → (1, N·C)</summary>
    protected Value Flat(Value tokens, string name) => g.Reshape(tokens, [1, "rows·channels"], name);

    /// <summary>(1, N·C) → (N, C)</summary>
    protected Value Tokens(Value flat, string name) => g.Reshape(flat, ["rows", config.NEmbd], name);

    /// <summary>The embedding in every stream: (N, C) → (S, N·C).</summary>
    protected Value Repeated(Value e)
    {
        using IDisposable scope = g.Scope("transformer");
        return g.Repeat(Flat(e, "embedding_row"), axis: 0, Streams, "streams");
    }

    /// <summary>(S, N·C) → (S, N, C)</summary>
    protected Value Final(Value streams)
    {
        using IDisposable scope = g.Scope("transformer");
        return g.Reshape(streams, [Streams, "rows", config.NEmbd], "streams");
    }

    /// <summary>Constants of the sublayer that the present scope is.</summary>
    protected Value Matrix(string name, IReadOnlyList<double[]> rows) =>
        g.Initializer(g.Key(name), [.. rows.SelectMany(row => row.Select(value => (float)value))], rows.Count, rows[0].Length);
}
