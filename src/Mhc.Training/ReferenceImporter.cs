using System.Text.RegularExpressions;

namespace Mhc.Training;

/// <summary>
/// Turns a model of the public PyTorch reference (tokenbender/mHC-manifold-constrained-hyper-connections) into a checkpoint folder:
/// its <c>config.json</c> and <c>model.safetensors</c> in, ours out.
/// </summary>
public static partial class ReferenceImporter
{
    /// <summary>Imports a model. The result has no tokenizer, as the reference keeps that with its data.</summary>
    /// <param name="referenceFolder">Holds the reference's config.json and model.safetensors.</param>
    /// <param name="checkpointFolder">Where the checkpoint goes.</param>
    /// <exception cref="InvalidDataException">
    /// The configuration or the tensors are not the reference's; every problem is listed.
    /// </exception>
    public static void Import(string referenceFolder, string checkpointFolder)
    {
        string configFile = Checkpoint.ConfigFile(referenceFolder), weightsFile = Checkpoint.WeightsFile(referenceFolder);
        foreach (string file in new[] { configFile, weightsFile })
        {
            if (!File.Exists(file))
            {
                throw new FileNotFoundException($"{file}: no such file. "
                    + "Expected the reference's config.json and model.safetensors in one folder.", file);
            }
        }
        MhcConfig config = ReadConfig(configFile);
        IReadOnlyList<ParameterSpec> specs = ParameterTable.Of(config);
        using SafetensorsFile weights = SafetensorsFile.Open(weightsFile,
            drop: name => config.Residual == ResidualMode.Mhc && UnusedByMhc().IsMatch(name));
        Checkpoint.RequireSameTensors(weights, specs);
        Checkpoint.Save(checkpointFolder, config,
            specs.Select(spec => (spec.Name, spec.Shape, (Func<byte[]>)(() => Checkpoint.ReadFinite(weights, spec.Name)))), null, null);
    }

    internal static MhcConfig ReadConfig(string path)
    {
        StrictJson json = StrictJson.ReadFile(path);
        bool disabled = json.Bool("hc_disable", true, required: true), mhc = json.Bool("mhc", false, required: true);
        bool valueResidual = json.Bool("v_residual", false, required: true);
        string projection = json.Text("mhc_h_res_proj", "sinkhorn", required: true);
        var config = new MhcConfig
        {
            VocabSize = json.Int("vocab_size", 1, required: true),
            BlockSize = json.Int("block_size", 1, required: true),
            NLayer = json.Int("n_layer", 1, required: true),
            NHead = json.Int("n_head", 1, required: true),
            NEmbd = json.Int("n_embd", 1, required: true),
            Bias = json.Bool("bias", false, required: true),
            Dropout = json.Number("dropout", 0, required: true),
            Residual = disabled ? ResidualMode.None : mhc ? ResidualMode.Mhc : ResidualMode.Hc,
            Streams = json.Int("hc_num_streams", 1, required: true),
            Fracs = json.Int("hc_num_fracs", 1, required: true),
            HRes = projection == "orthostochastic" ? HResProjection.Orthostochastic : HResProjection.Sinkhorn,
            HResIters = json.Int("sinkhorn_iters", 1, required: true),
            HResTau = json.Number("sinkhorn_tau", 1, required: true),
            NsSteps = json.Int("ns_steps", 5),
            NsEps = json.Number("ns_eps", 1e-7),
            NsCoeffs = json.Numbers("ns_coeffs", [3, -3.2, 1.2]) is [var a, var b, var c] ? new(a, b, c) : default,
            IdentityMix = !disabled && mhc && json.Bool("mhc_residual_identity_mix", false),
            IdentityMixAlpha = json.Number("mhc_residual_alpha", 0.01),
            ValueResidual = !valueResidual ? ValueResidual.None
                : json.Bool("v_residual_constrained", false) ? ValueResidual.Constrained : ValueResidual.Free,
            StreamReduce = StreamReduce.Sum,
            Init = Initialization.Parity,
        };
        if (projection is not ("sinkhorn" or "orthostochastic"))
            json.Problem($"`mhc_h_res_proj` is \"{projection}\", expected \"sinkhorn\" or \"orthostochastic\".");
        if (!disabled && mhc && config.Fracs != 1)
            json.Problem($"`hc_num_fracs` is {config.Fracs}, expected 1 with mhc.");
        // What follows tells how the reference trains, or belongs to designs that are not used here.
        json.Ignore("mhc_residual_identity_mix", "v_residual_constrained", "v_residual_lamb_lr", "tied_weights");
        json.Problems(config.Problems());
        json.Finish([]);
        return config;
    }

    // Every hyper-connection of the reference makes its dynamic tensors, also where mHC's static matrices take their place.
    [GeneratedRegex(@"\.hc_(attn|mlp)\.(static_alpha|static_beta|dynamic_alpha_fn|dynamic_alpha_scale|"
        + @"dynamic_beta_fn|dynamic_beta_scale|norm\.gamma)$")]
    private static partial Regex UnusedByMhc();
}
