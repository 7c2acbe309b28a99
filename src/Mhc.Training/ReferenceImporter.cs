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
    /// <exception cref="NotSupportedException">The model uses a residual design that this version does not have.</exception>
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
        var unsupported = new List<string>();
        int streams = json.Int("hc_num_streams", 1, required: true), fracs = json.Int("hc_num_fracs", 1, required: true);
        bool disabled = json.Bool("hc_disable", true, required: true), mhc = json.Bool("mhc", false, required: true);
        string projection = json.Text("mhc_h_res_proj", "sinkhorn", required: true);
        bool identityMix = json.Bool("mhc_residual_identity_mix", false);
        if (json.Bool("v_residual", false, required: true))
            unsupported.Add("`v_residual` is true");
        if (!disabled && !mhc)
            unsupported.Add("`mhc` is false and `hc_disable` too: dynamic hyper-connections");
        if (!disabled && mhc && projection != "sinkhorn")
            unsupported.Add($"`mhc_h_res_proj` is \"{projection}\"");
        if (!disabled && mhc && identityMix)
            unsupported.Add("`mhc_residual_identity_mix` is true");
        if (!disabled && mhc && fracs != 1)
            json.Problem($"`hc_num_fracs` is {fracs}, expected 1 with mhc.");
        var config = new MhcConfig
        {
            VocabSize = json.Int("vocab_size", 1, required: true),
            BlockSize = json.Int("block_size", 1, required: true),
            NLayer = json.Int("n_layer", 1, required: true),
            NHead = json.Int("n_head", 1, required: true),
            NEmbd = json.Int("n_embd", 1, required: true),
            Bias = json.Bool("bias", false, required: true),
            Dropout = json.Number("dropout", 0, required: true),
            Residual = disabled ? ResidualMode.None : ResidualMode.Mhc,
            Streams = streams,
            HResIters = json.Int("sinkhorn_iters", 1, required: true),
            HResTau = json.Number("sinkhorn_tau", 1, required: true),
            StreamReduce = StreamReduce.Sum,
            Init = Initialization.Parity,
        };
        // What follows tells how the reference trains, or belongs to designs that are not used here.
        json.Ignore("ns_steps", "ns_eps", "ns_coeffs", "mhc_residual_alpha", "v_residual_lamb_lr", "v_residual_constrained",
            "tied_weights");
        json.Problems(config.Problems());
        json.Finish([]);
        return unsupported.Count == 0 ? config
            : throw new NotSupportedException($"{path}: {string.Join(", ", unsupported)}. "
                + "This version imports the baseline and static mHC with the sinkhorn projection.");
    }

    // Every hyper-connection of the reference makes its dynamic tensors, also where mHC's static matrices take their place.
    [GeneratedRegex(@"\.hc_(attn|mlp)\.(static_alpha|static_beta|dynamic_alpha_fn|dynamic_alpha_scale|"
        + @"dynamic_beta_fn|dynamic_beta_scale|norm\.gamma)$")]
    private static partial Regex UnusedByMhc();
}
