using System.Text;
using System.Text.Json;

namespace Mhc.Training;

/// <summary>The architecture of a model: what <c>config.json</c> in a checkpoint holds, and nothing about its training.</summary>
public sealed record MhcConfig
{
    internal const int FormatVersion = 1;

    /// <summary>The keys of every mode; see docs/checkpoint-format.md.</summary>
    internal static readonly string[] Keys =
    [
        "format_version", "vocab_size", "block_size", "n_layer", "n_head", "n_embd", "bias", "dropout", "residual",
        "streams", "fracs", "h_res", "h_res_iters", "h_res_tau", "ns_steps", "ns_eps", "ns_coeffs", "circulant_beta",
        "identity_mix", "identity_mix_alpha", "h_pre", "h_post", "stream_reduce", "init", "value_residual",
    ];

    /// <summary>V, how many token ids there are.</summary>
    public required int VocabSize { get; init; }

    /// <summary>The longest sequence in tokens.</summary>
    public required int BlockSize { get; init; }

    /// <summary>L, how many blocks of attention and MLP there are.</summary>
    public required int NLayer { get; init; }

    /// <summary>Attention heads; divides <see cref="NEmbd"/>.</summary>
    public required int NHead { get; init; }

    /// <summary>C, channels of each residual stream.</summary>
    public required int NEmbd { get; init; }

    /// <summary>Whether Linear and LayerNorm layers have biases.</summary>
    /// <value>Default false.</value>
    public bool Bias { get; init; }

    /// <summary>Probability of dropout on the embedding sum, the attention probabilities and each branch's output, in training.</summary>
    /// <value>Default 0.</value>
    public double Dropout { get; init; }

    /// <summary>The residual design.</summary>
    /// <value>Default <see cref="ResidualMode.Mhc"/>.</value>
    public ResidualMode Residual { get; init; } = ResidualMode.Mhc;

    /// <summary>Whether attention mixes the first block's values into its own; goes with every residual design.</summary>
    /// <value>Default <see cref="ValueResidual.None"/>.</value>
    public ValueResidual ValueResidual { get; init; }

    /// <summary>S, how many residual streams there are; ignored with <see cref="ResidualMode.None"/>.</summary>
    /// <value>Default 4.</value>
    public int Streams { get; init; } = 4;

    /// <summary>
    /// F, into how many parts each stream's channels are cut, each with coefficients of its own; <see cref="ResidualMode.Hc"/> alone.
    /// </summary>
    /// <value>Default 1; divides <see cref="NEmbd"/>.</value>
    public int Fracs { get; init; } = 1;

    /// <summary>
    /// How H_res is made from its logits; <see cref="ResidualMode.Mhc"/> alone, as all that follows unless it says otherwise.
    /// </summary>
    /// <value>Default <see cref="HResProjection.Sinkhorn"/>.</value>
    public HResProjection HRes { get; init; }

    /// <summary>Sinkhorn iterations, of <see cref="ResidualMode.MhcDynamic"/> too; ignored by other projections.</summary>
    /// <value>Default 20, the paper's.</value>
    public int HResIters { get; init; } = 20;

    /// <summary>Sinkhorn temperature: the logits are divided by it; ignored by other projections.</summary>
    /// <value>Default 1. The reference's 0.05 makes H_res exactly I from its initial values on.</value>
    public double HResTau { get; init; } = 1;

    /// <summary>Newton–Schulz steps; <see cref="HResProjection.Orthostochastic"/> alone.</summary>
    /// <value>Default 5.</value>
    public int NsSteps { get; init; } = 5;

    /// <summary>What is added to the logits' Frobenius norm; <see cref="HResProjection.Orthostochastic"/> alone.</summary>
    /// <value>Default 1e-7.</value>
    public double NsEps { get; init; } = 1e-7;

    /// <summary>The polynomial of each Newton–Schulz step; <see cref="HResProjection.Orthostochastic"/> alone.</summary>
    /// <value>Default (3, −3.2, 1.2).</value>
    public NewtonSchulzCoefficients NsCoeffs { get; init; } = new(3, -3.2, 1.2);

    /// <summary>
    /// How much all sublayers together move away from the identity: H_res = (1 − g)·I + g·circulant with g = beta / 2L;
    /// <see cref="HResProjection.Circulant"/> alone.
    /// </summary>
    /// <value>Default 1; 2L is the circulant matrix without a leak.</value>
    public double CirculantBeta { get; init; } = 1;

    /// <summary>Whether H_res is (1 − α)·I + α·projection with a learned α in each sublayer.</summary>
    /// <value>Default false.</value>
    public bool IdentityMix { get; init; }

    /// <summary>The initial α of <see cref="IdentityMix"/>, from 0 to 1; without effect on a loaded model.</summary>
    /// <value>Default 0.01.</value>
    public double IdentityMixAlpha { get; init; } = 0.01;

    /// <summary>The map of the read vector h_pre.</summary>
    /// <value>Default <see cref="StreamMap.Softmax"/>.</value>
    public StreamMap HPre { get; init; }

    /// <summary>The map of the write vector h_post.</summary>
    /// <value>Default <see cref="StreamMap.Softmax"/>.</value>
    public StreamMap HPost { get; init; }

    /// <summary>How the streams become one, whatever makes them.</summary>
    /// <value>Default <see cref="StreamReduce.Sum"/>, which trains best at small sizes: see docs/decisions.md.</value>
    public StreamReduce StreamReduce { get; init; }

    /// <summary>Initial values of the stream matrices; without effect on a loaded model.</summary>
    /// <value>Default <see cref="Initialization.Live"/>.</value>
    public Initialization Init { get; init; }

    /// <summary>How many sublayers there are: an attention and an MLP in each block.</summary>
    public int Sublayers => 2 * NLayer;

    /// <summary>Reads a checkpoint's <c>config.json</c>.</summary>
    /// <exception cref="InvalidDataException">Lists every unknown, missing and ill-typed key at once.</exception>
    public static MhcConfig Read(string path)
    {
        StrictJson json = StrictJson.ReadFile(path);
        json.RequireVersion("format_version", FormatVersion);
        MhcConfig config = Read(json, json.Int("vocab_size", 1, required: true), required: true);
        json.Finish(Keys, mode: config.Mode);
        return config;
    }

    /// <summary>Checks every value, as reading a file does.</summary>
    /// <exception cref="ArgumentException">Lists every value that is out of range.</exception>
    public void Validate() => Throw.Argument_IfAny(Problems());

    internal string Mode => Residual == ResidualMode.Mhc
        ? $"`h_res` \"{StrictJson.SnakeCase(HRes)}\""
        : $"`residual` \"{StrictJson.SnakeCase(Residual)}\"";

    /// <param name="required">Whether an absent key is a problem, as in a checkpoint, or takes its default, as in settings.</param>
    internal static MhcConfig Read(StrictJson json, int vocabSize, bool required)
    {
        var config = new MhcConfig
        {
            VocabSize = vocabSize,
            BlockSize = json.Int("block_size", 1, required: true),
            NLayer = json.Int("n_layer", 1, required: true),
            NHead = json.Int("n_head", 1, required: true),
            NEmbd = json.Int("n_embd", 1, required: true),
            Bias = json.Bool("bias", false, required),
            Dropout = json.Number("dropout", 0, required),
            Residual = json.Choice("residual", ResidualMode.Mhc, required),
        };
        // Absent is "not used", so that a checkpoint from before there was a value residual stays what it is.
        config = config with { ValueResidual = json.Choice("value_residual", config.ValueResidual) };
        if (config.Residual != ResidualMode.None)
        {
            config = config with
            {
                Streams = json.Int("streams", config.Streams, required),
                StreamReduce = json.Choice("stream_reduce", config.StreamReduce, required),
            };
        }
        config = config.Residual switch
        {
            ResidualMode.Hc => config with { Fracs = json.Int("fracs", config.Fracs, required) },
            ResidualMode.MhcDynamic => config with { HResIters = json.Int("h_res_iters", config.HResIters, required) },
            ResidualMode.Mhc => config with
            {
                HRes = json.Choice("h_res", config.HRes, required),
                HPre = json.Choice("h_pre", config.HPre, required),
                HPost = json.Choice("h_post", config.HPost, required),
                Init = json.Choice("init", config.Init, required),
            },
            _ => config,
        };
        if (config.Residual == ResidualMode.Mhc)
            config = ReadProjection(config, json, required);
        json.Problems(config.Problems());
        return config;
    }

    private static MhcConfig ReadProjection(MhcConfig config, StrictJson json, bool required)
    {
        config = config.HRes switch
        {
            HResProjection.Sinkhorn => config with
            {
                HResIters = json.Int("h_res_iters", config.HResIters, required),
                HResTau = json.Number("h_res_tau", config.HResTau, required),
            },
            HResProjection.Orthostochastic => config with
            {
                NsSteps = json.Int("ns_steps", config.NsSteps, required),
                NsEps = json.Number("ns_eps", config.NsEps, required),
                NsCoeffs = json.Numbers("ns_coeffs", [config.NsCoeffs.A, config.NsCoeffs.B, config.NsCoeffs.C], required)
                    is [var a, var b, var c] ? new(a, b, c) : config.NsCoeffs,
            },
            HResProjection.Circulant => config with { CirculantBeta = json.Number("circulant_beta", config.CirculantBeta, required) },
            _ => config,
        };
        if (config.HRes == HResProjection.Identity) // There is nothing that the identity could be mixed with.
            return config;
        config = config with { IdentityMix = json.Bool("identity_mix", false) };
        return config.IdentityMix
            ? config with { IdentityMixAlpha = json.Number("identity_mix_alpha", config.IdentityMixAlpha, required) }
            : config;
    }

    /// <summary>The text of <c>config.json</c>: the keys that this mode uses, each of them.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("format_version", FormatVersion);
            json.WriteNumber("vocab_size", VocabSize);
            json.WriteNumber("block_size", BlockSize);
            json.WriteNumber("n_layer", NLayer);
            json.WriteNumber("n_head", NHead);
            json.WriteNumber("n_embd", NEmbd);
            json.WriteBoolean("bias", Bias);
            json.WriteNumber("dropout", Dropout);
            json.WriteString("residual", StrictJson.SnakeCase(Residual));
            if (Residual != ResidualMode.None)
                WriteStreams(json);
            if (ValueResidual != ValueResidual.None)
                json.WriteString("value_residual", StrictJson.SnakeCase(ValueResidual));
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private void WriteStreams(Utf8JsonWriter json)
    {
        json.WriteNumber("streams", Streams);
        if (Residual == ResidualMode.Hc)
            json.WriteNumber("fracs", Fracs);
        if (Residual == ResidualMode.Mhc)
            json.WriteString("h_res", StrictJson.SnakeCase(HRes));
        if (Residual == ResidualMode.MhcDynamic || UsesProjection(HResProjection.Sinkhorn))
            json.WriteNumber("h_res_iters", HResIters);
        if (UsesProjection(HResProjection.Sinkhorn))
            json.WriteNumber("h_res_tau", HResTau);
        if (UsesProjection(HResProjection.Orthostochastic))
        {
            json.WriteNumber("ns_steps", NsSteps);
            json.WriteNumber("ns_eps", NsEps);
            json.WriteStartArray("ns_coeffs");
            Array.ForEach([NsCoeffs.A, NsCoeffs.B, NsCoeffs.C], json.WriteNumberValue);
            json.WriteEndArray();
        }
        if (UsesProjection(HResProjection.Circulant))
            json.WriteNumber("circulant_beta", CirculantBeta);
        if (Residual == ResidualMode.Mhc && IdentityMix)
        {
            json.WriteBoolean("identity_mix", true);
            json.WriteNumber("identity_mix_alpha", IdentityMixAlpha);
        }
        if (Residual == ResidualMode.Mhc)
        {
            json.WriteString("h_pre", StrictJson.SnakeCase(HPre));
            json.WriteString("h_post", StrictJson.SnakeCase(HPost));
        }
        json.WriteString("stream_reduce", StrictJson.SnakeCase(StreamReduce));
        if (Residual == ResidualMode.Mhc)
            json.WriteString("init", StrictJson.SnakeCase(Init));
    }

    private bool UsesProjection(HResProjection projection) => Residual == ResidualMode.Mhc && HRes == projection;

    internal IEnumerable<string> Problems()
    {
        (string Key, int Value)[] counts =
        [
            ("vocab_size", VocabSize), ("block_size", BlockSize), ("n_layer", NLayer), ("n_head", NHead), ("n_embd", NEmbd),
            ("streams", Streams), ("fracs", Fracs), ("h_res_iters", HResIters), ("ns_steps", NsSteps),
        ];
        foreach ((string key, int value) in counts.Where(count => count.Value < 1))
            yield return $"`{key}` is {value}, expected at least 1.";
        if (NHead > 0 && NEmbd % NHead != 0)
            yield return $"`n_head` is {NHead} but `n_embd` {NEmbd} is not divisible by it.";
        if (!(Dropout is >= 0 and < 1))
            yield return FormattableString.Invariant($"`dropout` is {Dropout}, expected a number from 0 to below 1.");
        if (!(HResTau > 0))
            yield return FormattableString.Invariant($"`h_res_tau` is {HResTau}, expected a number above 0.");
        if (!(NsEps > 0))
            yield return FormattableString.Invariant($"`ns_eps` is {NsEps}, expected a number above 0.");
        if (!(CirculantBeta > 0) || (UsesProjection(HResProjection.Circulant) && CirculantBeta > Sublayers))
        {
            yield return FormattableString.Invariant(
                $"`circulant_beta` is {CirculantBeta}, expected above 0 and at most {Sublayers}, the number of sublayers.");
        }
        if (!(IdentityMixAlpha is >= 0 and <= 1))
            yield return FormattableString.Invariant($"`identity_mix_alpha` is {IdentityMixAlpha}, expected a number from 0 to 1.");
        if (Residual == ResidualMode.Hc && Fracs > 0 && NEmbd % Fracs != 0)
            yield return $"`fracs` is {Fracs} but `n_embd` {NEmbd} is not divisible by it.";
        if (UsesProjection(HResProjection.Permutation) && Streams > Permutation.MostStreams)
        {
            yield return $"`streams` is {Streams}, expected at most {Permutation.MostStreams} with `h_res` \"permutation\": "
                + "there is a logit for each of the S! permutations.";
        }
        if (UsesProjection(HResProjection.Kronecker) && (Streams < 2 || !int.IsPow2(Streams)))
            yield return $"`streams` is {Streams}, expected 2, 4, 8 or another power of two with `h_res` \"kronecker\".";
        if (IdentityMix && UsesProjection(HResProjection.Identity))
            yield return "`identity_mix` is true, expected false with `h_res` \"identity\": there is nothing to mix.";
    }
}
