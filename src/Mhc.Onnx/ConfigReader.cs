using System.Text.Json;

namespace Mhc.Onnx;

/// <summary>Reads config.json: every key that the chosen mode has, and no other.</summary>
internal sealed class ConfigReader
{
    private static readonly string[] KeysOfEveryMode =
    [
        "format_version", "vocab_size", "block_size", "n_layer", "n_head", "n_embd", "bias", "dropout", "residual",
    ];

    private static readonly string[] KeysOfProjections =
    [
        "h_res_iters", "h_res_tau", "ns_steps", "ns_eps", "ns_coeffs", "circulant_beta", "identity_mix", "identity_mix_alpha",
    ];

    private static readonly string[] KeysOfSomeModes =
    [
        "streams", "fracs", "h_res", .. KeysOfProjections, "h_pre", "h_post", "stream_reduce", "init", "value_residual",
    ];

    private readonly JsonFields _json;

    private ConfigReader(JsonFields json) => _json = json;

    public static MhcConfig Read(string path)
    {
        using JsonDocument document = JsonText.Parse(File.ReadAllBytes(path), path);
        var json = new JsonFields(path, document.RootElement);
        // A newer format may rightly have other keys: its version alone is told.
        int version = json.Integer("format_version", fallback: MhcConfig.FormatVersion);
        if (version != MhcConfig.FormatVersion)
            throw Throw.InvalidData_FormatVersion(path, version, MhcConfig.FormatVersion);
        MhcConfig config = new ConfigReader(json).Config();
        json.ReportUnread([.. KeysOfEveryMode, .. KeysOfSomeModes], Mode(config));
        json.ThrowIfAnyProblem();
        return config;
    }

    private MhcConfig Config()
    {
        var config = new MhcConfig
        {
            VocabSize = _json.Integer("vocab_size", fallback: 1),
            BlockSize = _json.Integer("block_size", fallback: 1),
            NLayer = _json.Integer("n_layer", fallback: 1),
            NHead = _json.Integer("n_head", fallback: 1),
            NEmbd = _json.Integer("n_embd", fallback: 1),
            Bias = _json.Boolean("bias"),
            Dropout = _json.Number("dropout", fallback: 0),
            Residual = _json.Choice("residual", ResidualMode.None, out bool residualIsKnown),
        };
        if (_json.Has("value_residual")) // Absent is "not used".
            config = config with { ValueResidual = _json.Choice("value_residual", config.ValueResidual, out _) };
        if (!residualIsKnown)
            _json.Ignore(KeysOfSomeModes);
        else if (config.Residual != ResidualMode.None)
            config = WithStreams(config);
        foreach (string problem in config.Problems())
            _json.Problem(problem);
        return config;
    }

    private MhcConfig WithStreams(MhcConfig config)
    {
        config = config with
        {
            Streams = _json.Integer("streams", config.Streams),
            StreamReduce = _json.Choice("stream_reduce", config.StreamReduce, out _),
        };
        return config.Residual switch
        {
            ResidualMode.Hc => config with { Fracs = _json.Integer("fracs", config.Fracs) },
            ResidualMode.MhcDynamic => config with { HResIters = _json.Integer("h_res_iters", config.HResIters) },
            _ => WithStaticMatrices(config),
        };
    }

    private MhcConfig WithStaticMatrices(MhcConfig config)
    {
        config = config with
        {
            HRes = _json.Choice("h_res", config.HRes, out bool projectionIsKnown),
            HPre = _json.Choice("h_pre", config.HPre, out _),
            HPost = _json.Choice("h_post", config.HPost, out _),
        };
        _json.Choice("init", Initialization.Live, out _);
        if (!projectionIsKnown)
        {
            _json.Ignore(KeysOfProjections);
            return config;
        }
        config = config.HRes switch
        {
            HResProjection.Sinkhorn => config with
            {
                HResIters = _json.Integer("h_res_iters", config.HResIters),
                HResTau = _json.Number("h_res_tau", config.HResTau),
            },
            HResProjection.Orthostochastic => config with
            {
                NsSteps = _json.Integer("ns_steps", config.NsSteps),
                NsEps = _json.Number("ns_eps", config.NsEps),
                NsCoeffs = _json.Numbers("ns_coeffs", 3) is [double a, double b, double c] ? new(a, b, c) : config.NsCoeffs,
            },
            HResProjection.Circulant => config with { CirculantBeta = _json.Number("circulant_beta", config.CirculantBeta) },
            _ => config,
        };
        return config.HRes == HResProjection.Identity ? config : config with { IdentityMix = ReadIdentityMix() };
    }

    private bool ReadIdentityMix()
    {
        if (!_json.Has("identity_mix") || !_json.Boolean("identity_mix"))
            return false;
        double alpha = _json.Number("identity_mix_alpha", fallback: 0);
        if (!(alpha is >= 0 and <= 1))
            _json.Problem(FormattableString.Invariant($"`identity_mix_alpha` is {alpha}, expected a number from 0 to 1."));
        return true;
    }

    private static string Mode(MhcConfig config) => config.Residual == ResidualMode.Mhc
        ? $"`h_res` \"{JsonText.SnakeCase(config.HRes)}\""
        : $"`residual` \"{JsonText.SnakeCase(config.Residual)}\"";

    // Read only to be checked, as identity_mix_alpha is: they tell which values a run started from, not what the model is.
    private enum Initialization { Live, Parity }
}
