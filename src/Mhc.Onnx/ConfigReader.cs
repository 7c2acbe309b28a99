using System.Text.Json;

namespace Mhc.Onnx;

/// <summary>Reads config.json and collects every problem, so that one error tells all there is to mend.</summary>
internal sealed class ConfigReader
{
    private readonly Dictionary<string, JsonElement> _values = [];
    private readonly HashSet<string> _read = [];
    private readonly List<string> _problems = [];

    private ConfigReader(JsonElement root)
    {
        foreach (JsonProperty property in root.EnumerateObject())
            if (!_values.TryAdd(property.Name, property.Value))
                Problem($"`{property.Name}` stands there more than once; keep one.");
    }

    public static MhcConfig Read(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonText.Parse(json, "config.json");
        var reader = new ConfigReader(document.RootElement);
        int version = reader.Integer("format_version");
        if (reader._problems.Count == 0 && version != MhcConfig.FormatVersion)
            throw Throw.InvalidData_FormatVersion("config.json", version, MhcConfig.FormatVersion);
        MhcConfig config = reader.Config();
        reader.ReportUnread();
        Throw.InvalidData_IfAny(reader._problems);
        return config;
    }

    private MhcConfig Config()
    {
        var config = new MhcConfig
        {
            VocabSize = Integer("vocab_size"),
            BlockSize = Integer("block_size"),
            NLayer = Integer("n_layer"),
            NHead = Integer("n_head"),
            NEmbd = Integer("n_embd"),
            Bias = Boolean("bias"),
            Dropout = Number("dropout", value => value is >= 0 and < 1, "a number of at least 0 and less than 1"),
            Residual = Choice<ResidualMode>("residual", out bool residualIsKnown),
        };
        if (config.NHead > 0 && config.NEmbd % config.NHead != 0)
            Problem($"`n_head` is {config.NHead} but `n_embd` {config.NEmbd} is not divisible by it.");
        if (!residualIsKnown)
            _read.UnionWith(["streams", "h_res", "h_res_iters", "h_res_tau", "h_pre", "h_post", "stream_reduce", "init"]);
        return config.Residual == ResidualMode.Mhc ? WithHyperConnections(config) : config;
    }

    private MhcConfig WithHyperConnections(MhcConfig config)
    {
        config = config with
        {
            Streams = Integer("streams"),
            HRes = Choice<HResProjection>("h_res", out bool projectionIsKnown),
            HPre = Choice<StreamMap>("h_pre", out _),
            HPost = Choice<StreamMap>("h_post", out _),
            StreamReduce = Choice<StreamReduce>("stream_reduce", out _),
        };
        Choice<InitialValues>("init", out _);
        if (!projectionIsKnown)
            _read.UnionWith(["h_res_iters", "h_res_tau"]);
        else if (config.HRes == HResProjection.Sinkhorn)
            config = config with
            {
                HResIters = Integer("h_res_iters"),
                HResTau = Number("h_res_tau", value => value > 0, "a number greater than 0"),
            };
        return config;
    }

    // Read only to be checked: it tells which values a run started from, not what the model is.
    private enum InitialValues { Live, Parity }

    private int Integer(string key)
    {
        const string Expected = "an integer of at least 1";
        if (!Take(key, Expected, out JsonElement value))
            return 0;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int integer) && integer >= 1)
            return integer;
        Found(key, value, Expected);
        return 0;
    }

    private double Number(string key, Predicate<double> isValid, string expected)
    {
        if (!Take(key, expected, out JsonElement value))
            return 0;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) && isValid(number))
            return number;
        Found(key, value, expected);
        return 0;
    }

    private bool Boolean(string key)
    {
        if (!Take(key, "true or false", out JsonElement value))
            return false;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Found(key, value, "true or false");
        return value.ValueKind == JsonValueKind.True;
    }

    private T Choice<T>(string key, out bool isKnown) where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];
        string expected = string.Join(" or ", names.Select(name => $"\"{name}\""));
        isKnown = false;
        if (!Take(key, expected, out JsonElement value))
            return default;
        int index = value.ValueKind == JsonValueKind.String ? Array.IndexOf(names, value.GetString()) : -1;
        isKnown = index >= 0;
        if (isKnown)
            return Enum.GetValues<T>()[index];
        Found(key, value, expected);
        return default;
    }

    private bool Take(string key, string expected, out JsonElement value)
    {
        _read.Add(key);
        if (_values.TryGetValue(key, out value))
            return true;
        Problem($"`{key}` is missing; expected {expected}.");
        return false;
    }

    private void ReportUnread()
    {
        foreach (string key in _values.Keys.Except(_read))
            Problem($"`{key}` is not a key of this model; remove it or correct its spelling.");
    }

    private void Found(string key, JsonElement value, string expected) =>
        Problem($"`{key}` is {JsonText.Excerpt(value)}; expected {expected}.");

    private void Problem(string text) => _problems.Add($"config.json: {text}");
}
