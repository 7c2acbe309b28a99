using System.Text.Json;

namespace Mhc.Onnx;

/// <summary>Reads config.json: every key that the chosen mode has, and no other.</summary>
internal sealed class ConfigReader
{
    private readonly JsonFields _json;

    private ConfigReader(JsonFields json) => _json = json;

    public static MhcConfig Read(string path)
    {
        using JsonDocument document = JsonText.Parse(File.ReadAllBytes(path), path);
        var json = new JsonFields(path, document.RootElement);
        // A newer format may rightly have other keys: its version alone is told.
        int version = json.Integer("format_version");
        if (version is not (0 or MhcConfig.FormatVersion))
            throw Throw.InvalidData_FormatVersion(path, version, MhcConfig.FormatVersion);
        MhcConfig config = new ConfigReader(json).Config();
        json.ReportUnread();
        json.ThrowIfAnyProblem();
        return config;
    }

    private MhcConfig Config()
    {
        var config = new MhcConfig
        {
            VocabSize = _json.Integer("vocab_size"),
            BlockSize = _json.Integer("block_size"),
            NLayer = _json.Integer("n_layer"),
            NHead = _json.Integer("n_head"),
            NEmbd = _json.Integer("n_embd"),
            Bias = _json.Boolean("bias"),
            Dropout = _json.Number("dropout", value => value is >= 0 and < 1, "a number of at least 0 and less than 1"),
            Residual = _json.Choice<ResidualMode>("residual", out bool residualIsKnown),
        };
        if (config.NHead > 0 && config.NEmbd % config.NHead != 0)
            _json.Problem($"`n_head` is {config.NHead} but `n_embd` {config.NEmbd} is not divisible by it.");
        if (!residualIsKnown)
            _json.Ignore("streams", "h_res", "h_res_iters", "h_res_tau", "h_pre", "h_post", "stream_reduce", "init");
        return config.Residual == ResidualMode.Mhc ? WithHyperConnections(config) : config;
    }

    private MhcConfig WithHyperConnections(MhcConfig config)
    {
        config = config with
        {
            Streams = _json.Integer("streams"),
            HRes = _json.Choice<HResProjection>("h_res", out bool projectionIsKnown),
            HPre = _json.Choice<StreamMap>("h_pre", out _),
            HPost = _json.Choice<StreamMap>("h_post", out _),
            StreamReduce = _json.Choice<StreamReduce>("stream_reduce", out _),
        };
        _json.Choice<Initialization>("init", out _);
        if (!projectionIsKnown)
            _json.Ignore("h_res_iters", "h_res_tau");
        else if (config.HRes == HResProjection.Sinkhorn)
            config = config with
            {
                HResIters = _json.Integer("h_res_iters"),
                HResTau = _json.Number("h_res_tau", value => value > 0, "a number greater than 0"),
            };
        return config;
    }

    // Read only to be checked: it tells which values a run started from, not what the model is.
    private enum Initialization { Live, Parity }
}
