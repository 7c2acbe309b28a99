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
                .. Linear(config, $"{block}.attn.c_proj", channels, channels),
                .. HyperConnection(config, $"{block}.hc_mlp"),
                .. LayerNorm(config, $"{block}.ln_2"),
                .. Linear(config, $"{block}.mlp.c_fc", 4 * channels, channels),
                .. Linear(config, $"{block}.mlp.c_proj", channels, 4 * channels)])
                yield return parameter;
        }
        foreach (Parameter parameter in LayerNorm(config, "transformer.ln_f"))
            yield return parameter;
        if (config is { Residual: ResidualMode.Mhc, StreamReduce: StreamReduce.Learned })
            yield return new("transformer.stream_reduce_logits", [config.Streams]);
    }

    private static IEnumerable<Parameter> LayerNorm(MhcConfig config, string path) =>
        config.Bias ? [new($"{path}.weight", [config.NEmbd]), new($"{path}.bias", [config.NEmbd])]
        : [new($"{path}.weight", [config.NEmbd])];

    private static IEnumerable<Parameter> Linear(MhcConfig config, string path, int outputs, int inputs) =>
        config.Bias ? [new($"{path}.weight", [outputs, inputs]), new($"{path}.bias", [outputs])]
        : [new($"{path}.weight", [outputs, inputs])];

    private static IEnumerable<Parameter> HyperConnection(MhcConfig config, string path)
    {
        if (config.Residual == ResidualMode.None)
            yield break;
        if (config.HRes == HResProjection.Sinkhorn)
            yield return new($"{path}.H_res_logits", [config.Streams, config.Streams]);
        yield return new($"{path}.H_pre_logits", [config.Streams]);
        yield return new($"{path}.H_post_logits", [config.Streams]);
    }
}
