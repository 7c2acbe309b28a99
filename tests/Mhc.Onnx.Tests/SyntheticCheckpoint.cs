using System.Text.Json.Nodes;

namespace Mhc.Onnx.Tests;

/// <summary>
/// Checkpoint folders of seeded noise, away from every symmetric start: mixing matrices asymmetric, norm weights not 1, biases not 0.
/// </summary>
internal static class SyntheticCheckpoint
{
    /// <summary>No two axes agree, so that none can be taken for another.</summary>
    public static MhcConfig Tiny { get; } = new()
    {
        VocabSize = 23,
        BlockSize = 11,
        NLayer = 2,
        NHead = 4,
        NEmbd = 20,
        Bias = true,
        Dropout = 0.1,
        Residual = ResidualMode.Mhc,
        Streams = 3,
        HResIters = 6,
        HResTau = 0.5,
        StreamReduce = StreamReduce.Learned,
    };

    /// <param name="alter">Changes the values of a tensor before they are written, given its name.</param>
    public static void Write(string folder, MhcConfig config, int seed = 1, Action<string, float[]>? alter = null)
    {
        var random = new Random(seed);
        File.WriteAllText(Path.Combine(folder, "config.json"), Json(config).ToJsonString(new() { WriteIndented = true }) + "\n");
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), ParameterTable.Of(config).Select(parameter =>
        {
            float[] values = Noise(parameter, random);
            alter?.Invoke(parameter.Name, values);
            return (parameter, values);
        }));
    }

    /// <summary>A checkpoint of any size: the file of its weights is one hole, which takes no room.</summary>
    public static void WriteWithoutWeights(string folder, MhcConfig config)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), Json(config).ToJsonString());
        var header = new JsonObject();
        long end = 0;
        foreach (Parameter parameter in ParameterTable.Of(config))
        {
            long begin = end;
            end += parameter.Shape.Aggregate((long)sizeof(float), (bytes, size) => bytes * size);
            header[parameter.Name] = SafetensorsWriter.Entry("F32", parameter.Shape, begin, end);
        }
        string path = Path.Combine(folder, "model.safetensors");
        SafetensorsWriter.Write(path, header.ToJsonString(), []);
        using FileStream file = File.OpenWrite(path);
        file.SetLength(file.Length + end);
    }

    public static JsonObject Json(MhcConfig config)
    {
        var json = new JsonObject
        {
            ["format_version"] = MhcConfig.FormatVersion,
            ["vocab_size"] = config.VocabSize,
            ["block_size"] = config.BlockSize,
            ["n_layer"] = config.NLayer,
            ["n_head"] = config.NHead,
            ["n_embd"] = config.NEmbd,
            ["bias"] = config.Bias,
            ["dropout"] = config.Dropout,
            ["residual"] = Name(config.Residual),
        };
        if (config.Residual != ResidualMode.None)
            AddStreams(json, config);
        if (config.ValueResidual != ValueResidual.None)
            json["value_residual"] = Name(config.ValueResidual);
        return json;
    }

    private static void AddStreams(JsonObject json, MhcConfig config)
    {
        json["streams"] = config.Streams;
        json["stream_reduce"] = Name(config.StreamReduce);
        if (config.Residual == ResidualMode.Hc)
            json["fracs"] = config.Fracs;
        if (config.Residual == ResidualMode.MhcDynamic || config.Projects(HResProjection.Sinkhorn))
            json["h_res_iters"] = config.HResIters;
        if (config.Projects(HResProjection.Sinkhorn))
            json["h_res_tau"] = config.HResTau;
        if (config.Projects(HResProjection.Orthostochastic))
        {
            json["ns_steps"] = config.NsSteps;
            json["ns_eps"] = config.NsEps;
            json["ns_coeffs"] = new JsonArray(config.NsCoeffs.A, config.NsCoeffs.B, config.NsCoeffs.C);
        }
        if (config.Projects(HResProjection.Circulant))
            json["circulant_beta"] = config.CirculantBeta;
        if (config.Residual != ResidualMode.Mhc)
            return;
        json["h_res"] = Name(config.HRes);
        if (config.IdentityMix)
        {
            json["identity_mix"] = true;
            json["identity_mix_alpha"] = 0.01;
        }
        json["h_pre"] = Name(config.HPre);
        json["h_post"] = Name(config.HPost);
        json["init"] = "live";
    }

    private static string Name<T>(T value) where T : struct, Enum => JsonText.SnakeCase(value);

    private static float[] Noise(Parameter parameter, Random random)
    {
        (double mean, double scale) = parameter.Name.Split('.')[^1] switch
        {
            var name when name.EndsWith("_logits", StringComparison.Ordinal) => (0, 1),
            "H_res_alpha_logit" => (0, 1),
            "lamb1" or "lamb2" => (0.6, 0.3),
            // Of hc and mhc_dynamic: far enough from 0 for every coefficient to depend on the token.
            "dynamic_alpha_scale" or "dynamic_beta_scale" or "alpha_pre" or "alpha_post" or "alpha_res" => (0.5, 0.3),
            "static_beta" => (0.5, 0.5),
            "dynamic_alpha_fn" or "dynamic_beta_fn" or "phi_pre" or "phi_post" or "phi_res" => (0, 1.5 / Math.Sqrt(parameter.Shape[0])),
            "bias_pre" or "bias_post" or "bias_res" => (0, 1),
            "weight" when parameter.Shape is [_] => (1, 0.2),
            _ when parameter.Shape is [_] => (0, 0.2),
            _ => (0, 1.5 / Math.Sqrt(parameter.Shape[^1])),
        };
        var values = new float[parameter.Shape.Aggregate(1, (product, size) => product * size)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(mean + scale * (2 * random.NextDouble() - 1));
        return values;
    }
}
