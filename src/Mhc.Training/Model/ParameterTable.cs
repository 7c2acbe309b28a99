namespace Mhc.Training;

/// <summary>One parameter: its key in a checkpoint, its shape, whether AdamW decays it, and its initial values.</summary>
/// <param name="Initial">Constant initial values, or null where they are drawn from N(0, <paramref name="Std"/>).</param>
internal sealed record ParameterSpec(string Name, long[] Shape, bool Decays, double Std, float[]? Initial)
{
    public long Elements => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>
/// Every parameter of a model in the order of the flat buffer: first what is decayed, last the stream matrices,
/// those of one kind side by side.
/// </summary>
internal static class ParameterTable
{
    public static IReadOnlyList<ParameterSpec> Of(MhcConfig config)
    {
        long c = config.NEmbd;
        double projectionStd = 0.02 / Math.Sqrt(config.Sublayers);
        var table = new List<ParameterSpec>();

        foreach (string block in Blocks(config))
        {
            Normal($"{block}.attn.c_attn.weight", 0.02, decays: true, 3 * c, c);
            Normal($"{block}.attn.c_proj.weight", projectionStd, decays: true, c, c);
            Normal($"{block}.mlp.c_fc.weight", 0.02, decays: true, 4 * c, c);
            Normal($"{block}.mlp.c_proj.weight", projectionStd, decays: true, c, 4 * c);
        }

        // The token embedding is the head's weight (tied), and the reference's de-duplication leaves it undecayed.
        Normal("lm_head.weight", 0.02, decays: false, config.VocabSize, c);
        Normal("transformer.wpe.weight", 0.02, decays: false, config.BlockSize, c);
        foreach (string block in Blocks(config))
        {
            LayerNorm($"{block}.ln_1");
            Bias($"{block}.attn.c_attn.bias", 3 * c);
            Bias($"{block}.attn.c_proj.bias", c);
            LayerNorm($"{block}.ln_2");
            Bias($"{block}.mlp.c_fc.bias", 4 * c);
            Bias($"{block}.mlp.c_proj.bias", c);
        }
        LayerNorm("transformer.ln_f");

        if (config.Residual == ResidualMode.Mhc)
            table.AddRange(StaticMhc.Parameters(config));
        return table;

        void Normal(string name, double std, bool decays, params long[] shape) => table.Add(new(name, shape, decays, std, null));

        void LayerNorm(string path)
        {
            table.Add(new($"{path}.weight", [c], false, 0, [.. Enumerable.Repeat(1f, (int)c)]));
            Bias($"{path}.bias", c);
        }

        void Bias(string name, long size)
        {
            if (config.Bias)
                table.Add(new(name, [size], false, 0, new float[size]));
        }
    }

    public static IEnumerable<string> Blocks(MhcConfig config) => Enumerable.Range(0, config.NLayer).Select(i => $"transformer.h.{i}");

    /// <summary>
    /// The hyper-connection of each sublayer in order: <c>transformer.h.0.hc_attn</c>, <c>transformer.h.0.hc_mlp</c>, …
    /// </summary>
    public static IEnumerable<string> Sublayers(MhcConfig config) =>
        Blocks(config).SelectMany(block => new[] { $"{block}.hc_attn", $"{block}.hc_mlp" });
}
