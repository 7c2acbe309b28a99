namespace Mhc.Training;

/// <summary>How a parameter is trained; also the order of the flat buffer.</summary>
internal enum ParameterGroup
{
    /// <summary>The matrices of attention and MLP, which AdamW decays; in half precision there.</summary>
    Matrices,
    /// <summary>Embeddings and the biases of Linear layers; in half precision there.</summary>
    Embeddings,
    /// <summary>LayerNorms and what the residual designs add; always float32, like all that follows.</summary>
    Float32,
    /// <summary>The logits of static mHC, with a learning rate of their own on request.</summary>
    StreamLogits,
    /// <summary>The scalars of the value residual, with a learning rate of their own.</summary>
    ValueResidual,
}

/// <summary>One parameter: its key in a checkpoint, its shape, how it is trained, and its initial values.</summary>
/// <param name="Std">Standard deviation of the noise that it starts from.</param>
/// <param name="Mean">What the noise is around, or null for 0.</param>
internal sealed record ParameterSpec(string Name, long[] Shape, ParameterGroup Group, double Std, float[]? Mean)
{
    public long Elements => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>
/// Every parameter of a model in the order of the flat buffer: by group, and those of one kind side by side.
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
            Normal($"{block}.attn.c_attn.weight", ParameterGroup.Matrices, 0.02, 3 * c, c);
            Normal($"{block}.attn.c_proj.weight", ParameterGroup.Matrices, projectionStd, c, c);
            Normal($"{block}.mlp.c_fc.weight", ParameterGroup.Matrices, 0.02, 4 * c, c);
            Normal($"{block}.mlp.c_proj.weight", ParameterGroup.Matrices, projectionStd, c, 4 * c);
        }

        // The token embedding is the head's weight (tied), and the reference's de-duplication leaves it undecayed.
        Normal("lm_head.weight", ParameterGroup.Embeddings, 0.02, config.VocabSize, c);
        Normal("transformer.wpe.weight", ParameterGroup.Embeddings, 0.02, config.BlockSize, c);
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

        table.AddRange(config.Residual switch
        {
            ResidualMode.Mhc => StaticMhc.Parameters(config),
            ResidualMode.Hc => HyperConnections.Parameters(config),
            ResidualMode.MhcDynamic => DynamicMhc.Parameters(config),
            _ => [],
        });
        if (config.Residual != ResidualMode.None && config.StreamReduce == StreamReduce.Learned)
        {
            table.Add(new("transformer.stream_reduce_logits", [config.Streams], ParameterGroup.Float32, 0, new float[config.Streams]));
        }
        table.AddRange(Blocks(config).SelectMany(block => CausalSelfAttention.ValueResidualParameters($"{block}.attn", config)));
        return [.. table.OrderBy(spec => spec.Group)]; // A stable sort: the kinds stay side by side.

        void Normal(string name, ParameterGroup group, double std, params long[] shape) => table.Add(new(name, shape, group, std, null));

        void LayerNorm(string path)
        {
            table.Add(new($"{path}.weight", [c], ParameterGroup.Float32, 0, [.. Enumerable.Repeat(1f, (int)c)]));
            if (config.Bias)
                table.Add(new($"{path}.bias", [c], ParameterGroup.Float32, 0, new float[c]));
        }

        void Bias(string name, long size)
        {
            if (config.Bias)
                table.Add(new(name, [size], ParameterGroup.Embeddings, 0, new float[size]));
        }
    }

    public static IEnumerable<string> Blocks(MhcConfig config) => Enumerable.Range(0, config.NLayer).Select(i => $"transformer.h.{i}");

    /// <summary>
    /// The hyper-connection of each sublayer in order: <c>transformer.h.0.hc_attn</c>, <c>transformer.h.0.hc_mlp</c>, …
    /// </summary>
    public static IEnumerable<string> Sublayers(MhcConfig config) =>
        Blocks(config).SelectMany(block => new[] { $"{block}.hc_attn", $"{block}.hc_mlp" });

    /// <summary>The keys of one kind of parameter in every sublayer, in order.</summary>
    public static string[] OfSublayers(MhcConfig config, string kind) => [.. Sublayers(config).Select(path => $"{path}.{kind}")];
}
