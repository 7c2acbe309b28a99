namespace Mhc.Onnx;

/// <summary>Exactly the parameters that a configuration has, as docs/checkpoint-format.md lists them.</summary>
internal static class ParameterTable
{
    public static IEnumerable<Parameter> Of(MhcConfig config)
    {
        int channels = config.NEmbd;
        yield return new("lm_head.weight", [config.VocabSize, channels]);
        yield return new("transformer.wpe.weight", [config.BlockSize, channels]);
        for (int i = 0; i < config.NLayer; i++)
        {
            string block = $"transformer.h.{i}";
            foreach (Parameter parameter in (IEnumerable<Parameter>)[
                .. HyperConnection(config, $"{block}.hc_attn"),
                .. LayerNorm(config, $"{block}.ln_1"),
                .. Linear(config, $"{block}.attn.c_attn", 3 * channels, channels),
                .. ValueResidual(config, $"{block}.attn"),
                .. Linear(config, $"{block}.attn.c_proj", channels, channels),
                .. HyperConnection(config, $"{block}.hc_mlp"),
                .. LayerNorm(config, $"{block}.ln_2"),
                .. Linear(config, $"{block}.mlp.c_fc", 4 * channels, channels),
                .. Linear(config, $"{block}.mlp.c_proj", channels, 4 * channels)])
                yield return parameter;
        }
        foreach (Parameter parameter in LayerNorm(config, "transformer.ln_f"))
            yield return parameter;
        if (config is { Residual: not ResidualMode.None, StreamReduce: StreamReduce.Learned })
            yield return new("transformer.stream_reduce_logits", [config.Streams]);
    }

    private static IEnumerable<Parameter> LayerNorm(MhcConfig config, string path) =>
        config.Bias ? [new($"{path}.weight", [config.NEmbd]), new($"{path}.bias", [config.NEmbd])]
        : [new($"{path}.weight", [config.NEmbd])];

    private static IEnumerable<Parameter> Linear(MhcConfig config, string path, int outputs, int inputs) =>
        config.Bias ? [new($"{path}.weight", [outputs, inputs]), new($"{path}.bias", [outputs])]
        : [new($"{path}.weight", [outputs, inputs])];

    private static IEnumerable<Parameter> ValueResidual(MhcConfig config, string path) => config.ValueResidual switch
    {
        Onnx.ValueResidual.Free => [new($"{path}.lamb1", []), new($"{path}.lamb2", [])],
        Onnx.ValueResidual.Constrained => [new($"{path}.lamb_logits", [2])],
        _ => [],
    };

    private static IEnumerable<Parameter> HyperConnection(MhcConfig config, string path) => config.Residual switch
    {
        ResidualMode.Mhc => StaticMatrices(config, path),
        ResidualMode.Hc => DynamicHyperConnection(path, config.Streams, config.Fracs, config.NEmbd / config.Fracs),
        ResidualMode.MhcDynamic => DynamicMatrices(path, config.Streams, config.Streams * config.NEmbd),
        _ => [],
    };

    private static IEnumerable<Parameter> StaticMatrices(MhcConfig config, string path)
    {
        int s = config.Streams;
        if (config.HRes != HResProjection.Identity)
            yield return config.HRes switch
            {
                HResProjection.Permutation => new($"{path}.H_res_permutation_logits", [HProjection.Permutations(s).Count]),
                HResProjection.Kronecker => new($"{path}.H_res_kronecker_logits", [int.Log2(s)]),
                HResProjection.Circulant => new($"{path}.H_res_circulant_logits", [s]),
                _ => new($"{path}.H_res_logits", [s, s]),
            };
        if (config.IdentityMix)
            yield return new($"{path}.H_res_alpha_logit", []);
        yield return new($"{path}.H_pre_logits", [s]);
        yield return new($"{path}.H_post_logits", [s]);
    }

    // d = C/F channels in each of a stream's F parts.
    private static IEnumerable<Parameter> DynamicHyperConnection(string path, int s, int f, int d) =>
    [
        new($"{path}.norm.gamma", [d]),
        new($"{path}.static_alpha", [f * s, f * (1 + s)]),
        new($"{path}.dynamic_alpha_fn", [d, f * (1 + s)]),
        new($"{path}.dynamic_alpha_scale", []),
        new($"{path}.static_beta", [s * f]),
        new($"{path}.dynamic_beta_fn", f == 1 ? [d] : [d, f]),
        new($"{path}.dynamic_beta_scale", []),
    ];

    // What a token's S·C values make its matrices of.
    private static IEnumerable<Parameter> DynamicMatrices(string path, int s, int values) =>
    [
        new($"{path}.phi_pre", [values, s]),
        new($"{path}.phi_post", [values, s]),
        new($"{path}.phi_res", [values, s * s]),
        new($"{path}.alpha_pre", []),
        new($"{path}.alpha_post", []),
        new($"{path}.alpha_res", []),
        new($"{path}.bias_pre", [s]),
        new($"{path}.bias_post", [s]),
        new($"{path}.bias_res", [s, s]),
    ];
}
