using System.Text.RegularExpressions;

namespace Mhc.Training;

/// <summary>
/// Turns a model of the public PyTorch reference (tokenbender/mHC-manifold-constrained-hyper-connections) into a checkpoint folder:
/// its <c>ckpt.pt</c>, or a folder with its <c>config.json</c> and <c>model.safetensors</c>, in, ours out. See docs/interop.md.
/// </summary>
public static partial class ReferenceImporter
{
    /// <summary>
    /// Imports a model. The result has no tokenizer, as the reference keeps that with its data. Weights in float16, bfloat16 and float64
    /// become float32; no more than one tensor is in memory at a time. A <c>ckpt.pt</c> is a pickle, which is a program: it is read as data
    /// and nothing in it is run, so a file from an untrusted source can be tried.
    /// </summary>
    /// <param name="reference">The reference's ckpt.pt, or a folder that holds its config.json and model.safetensors.</param>
    /// <param name="checkpointFolder">Where the checkpoint goes.</param>
    /// <exception cref="FileNotFoundException">There is neither.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged or holds what no checkpoint of the reference does, or the configuration or the tensors are not the reference's;
    /// every problem of those is listed.
    /// </exception>
    /// <exception cref="IOException">The checkpoint would take the place of the reference's own files, or cannot be written.</exception>
    public static void Import(string reference, string checkpointFolder)
    {
        RequireElsewhere(checkpointFolder, reference);
        using ReferenceModel model = ReferenceModel.Open(reference);
        MhcConfig config = ReadConfig(model.ConfigName, model.Config);
        using var weights = new ReferenceTensors(model.File,
            drop: name => config.Residual == ResidualMode.Mhc && UnusedByMhc().IsMatch(name));
        RequireRoom(config, weights, model.ConfigName);
        IReadOnlyList<ParameterSpec> specs = ParameterTable.Of(config);
        Checkpoint.RequireSameTensors(weights, specs, model.File is TorchFile ? "its config" : "config.json");
        Checkpoint.Save(checkpointFolder, config,
            specs.Select(spec => (spec.Name, spec.Shape, (Func<byte[]>)(() => Checkpoint.ReadFinite(weights, spec.Name)))), null, null);
    }

    // A folder of the reference's looks like a checkpoint folder, which may be replaced.
    private static void RequireElsewhere(string checkpointFolder, string reference)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpointFolder)) + Path.DirectorySeparatorChar;
        if ((Path.GetFullPath(reference) + Path.DirectorySeparatorChar).StartsWith(target, StringComparison.Ordinal))
            throw new IOException($"{checkpointFolder}: holds the reference's own files. Write the checkpoint elsewhere.");
    }

    /// <summary>A configuration can claim any size: one that the weights cannot have is refused before anything is made of it.</summary>
    private static void RequireRoom(MhcConfig config, ReferenceTensors weights, string configName)
    {
        long longest = weights.Tensors.Values.SelectMany(tensor => tensor.Shape).Append(1).Max();
        long largest = weights.Tensors.Values.Select(tensor => tensor.Elements).Append(1).Max();
        (string Key, long Found, bool Fits)[] sizes =
        [
            ("n_layer", config.NLayer, config.NLayer <= weights.Tensors.Count),
            ("n_embd", config.NEmbd, config.NEmbd <= longest),
            ("hc_num_streams", config.Streams, config.Residual == ResidualMode.None || (long)config.Streams * config.Streams <= largest),
        ];
        Throw.InvalidData_IfAny(sizes.Where(size => !size.Fits).Select(size =>
            $"{configName}: `{size.Key}` is {size.Found}, too large for the {weights.Tensors.Count} tensors beside it."));
    }

    /// <param name="path">What the configuration is called in messages.</param>
    internal static MhcConfig ReadConfig(string path, string text)
    {
        var json = new StrictJson(path);
        json.Add(text, path);
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
