using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>Where a checkpoint's weights come from and how they score: its <c>metrics.json</c>.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="TrainLoss">Loss of the last update in nats per token, null before the first.</param>
/// <param name="ValLoss">Mean loss on the validation windows in nats per token.</param>
/// <param name="DataSha256">SHA-256 of the training text.</param>
/// <param name="Validation">Bits per byte over the validation texts, null until the run has ended.</param>
public sealed record CheckpointMetrics(int Step, double? TrainLoss, double? ValLoss, string DataSha256, ValidationQuantiles? Validation)
{
    /// <summary>The same in full, null until the run has ended.</summary>
    public BitsPerByteQuantiles? BitsPerByteQuantiles { get; init; }
}

/// <summary>Quantiles of bits per byte over validation texts.</summary>
/// <param name="P50">The median.</param>
/// <param name="P95">19 texts of 20 score below this.</param>
/// <param name="P99">99 of 100.</param>
/// <param name="P999">999 of 1,000.</param>
/// <param name="Texts">How many texts were scored.</param>
public sealed record ValidationQuantiles(double P50, double P95, double P99, [property: JsonPropertyName("p99.9")] double P999, int Texts);

/// <summary>The checkpoint folder of docs/checkpoint-format.md.</summary>
internal static class Checkpoint
{
    internal static readonly JsonSerializerOptions SnakeCase = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static bool IsCheckpoint(string folder) => File.Exists(ConfigFile(folder)) && File.Exists(WeightsFile(folder));

    /// <param name="writeMore">Writes further files into the same folder, which is replaced as a whole.</param>
    public static void Save(string folder, MhcModel model, TextTokenizer? tokenizer, CheckpointMetrics? metrics,
        Action<string>? writeMore = null) =>
        Save(folder, model.Config,
            model.Parameters.Specs.Select(spec => (spec.Name, spec.Shape, (Func<byte[]>)(() => model.Parameters.BytesOf(spec.Name)))),
            tokenizer, metrics, writeMore);

    /// <param name="tensors">Name, shape and float32 bytes of each parameter, in any order.</param>
    /// <param name="writeMore">Writes further files into the same folder.</param>
    public static void Save(string folder, MhcConfig config, IEnumerable<(string Name, long[] Shape, Func<byte[]> Bytes)> tensors,
        TextTokenizer? tokenizer, CheckpointMetrics? metrics, Action<string>? writeMore = null) => AtomicWrite.Folder(folder, temporary =>
    {
        File.WriteAllText(ConfigFile(temporary), config.ToJson());
        SafetensorsFile.Write(WeightsFile(temporary), tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal));
        if (tokenizer is not null)
            File.WriteAllText(TokenizerFile(temporary), tokenizer.ToJson());
        if (metrics is not null)
            File.WriteAllText(MetricsFile(temporary), JsonSerializer.Serialize(metrics, SnakeCase) + "\n");
        writeMore?.Invoke(temporary);
    });

    /// <summary>Replaces the metrics of a checkpoint that is there.</summary>
    public static void SaveMetrics(string folder, CheckpointMetrics metrics) =>
        AtomicWrite.File(MetricsFile(folder),
            temporary => File.WriteAllText(temporary, JsonSerializer.Serialize(metrics, SnakeCase) + "\n"));

    public static CheckpointMetrics LoadMetrics(string folder) =>
        JsonSerializer.Deserialize<CheckpointMetrics>(File.ReadAllText(MetricsFile(folder)), SnakeCase)!;

    public static MhcModel LoadModel(string folder, Device device)
    {
        Require(ConfigFile(folder));
        Require(WeightsFile(folder));
        var model = new MhcModel(MhcConfig.Read(ConfigFile(folder)), device);
        try
        {
            LoadWeights(folder, model);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Checks that an architecture is a checkpoint's, to the last key.</summary>
    /// <exception cref="InvalidDataException">Lists every key that differs.</exception>
    public static void RequireConfig(string folder, MhcConfig config)
    {
        Require(ConfigFile(folder));
        Throw.InvalidData_IfAny(StrictJson.Differences(MhcConfig.Read(ConfigFile(folder)).ToJson(), config.ToJson())
            .Select(d => $"`{d.Key}` is {d.Second ?? "not set"}, but {d.First ?? "not set"} in {ConfigFile(folder)}, "
                + "which the run starts from. Leave it out: the architecture is the checkpoint's."));
    }

    /// <exception cref="FileNotFoundException">The folder has no tokenizer, or is not there.</exception>
    public static TextTokenizer LoadTokenizer(string folder)
    {
        string file = TokenizerFile(folder);
        if (IsCheckpoint(folder) && !File.Exists(file))
        {
            throw new FileNotFoundException($"{file}: no such file, so text cannot be turned into the checkpoint's token ids. "
                + "An imported checkpoint needs one, as docs/checkpoint-format.md describes it.", file);
        }
        return TextTokenizer.Read(Require(file));
    }

    /// <summary>Fills a model that is trained further: its architecture and tokenizer must be the checkpoint's.</summary>
    public static void LoadWeights(string folder, MhcModel model, TextTokenizer tokenizer)
    {
        RequireConfig(folder, model.Config);
        if (LoadTokenizer(folder).ToJson() != tokenizer.ToJson())
        {
            throw new InvalidDataException($"{TokenizerFile(folder)}: another tokenizer than the text's. "
                + "Read the text with the tokenizer of the checkpoint that the run starts from.");
        }
        LoadWeights(folder, model);
    }

    /// <summary>Fills a model of the same architecture: every parameter from exactly one tensor, every tensor used.</summary>
    public static void LoadWeights(string folder, MhcModel model)
    {
        using SafetensorsFile file = SafetensorsFile.Open(WeightsFile(folder));
        RequireSameTensors(file, model.Parameters.Specs);
        foreach (ParameterSpec spec in model.Parameters.Specs)
            model.Parameters.SetBytes(spec.Name, ReadFinite(file, spec.Name));
        model.Parameters.CastValues();
    }

    /// <exception cref="InvalidDataException">A value is NaN or infinite.</exception>
    public static byte[] ReadFinite(ITensorFile file, string name)
    {
        byte[] bytes = file.ReadBytes(name);
        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(bytes);
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw new InvalidDataException($"{file.Path}: tensor `{name}` has {values[i]} at element {i}, expected finite numbers. "
                    + "The training had diverged: take an earlier checkpoint.");
            }
        }
        return bytes;
    }

    /// <exception cref="InvalidDataException">Lists every missing, unexpected, mis-shaped and ill-typed tensor.</exception>
    /// <param name="config">What the messages call the configuration.</param>
    public static void RequireSameTensors(ITensorFile file, IReadOnlyList<ParameterSpec> expected, string config = "config.json")
    {
        var problems = new List<string>();
        foreach (ParameterSpec spec in expected)
        {
            if (!file.Tensors.TryGetValue(spec.Name, out TensorEntry? entry))
            {
                problems.Add($"tensor `{spec.Name}` is missing, {config} asks for [{string.Join(", ", spec.Shape)}].");
            }
            else if (!entry.Shape.AsSpan().SequenceEqual(spec.Shape))
            {
                problems.Add($"tensor `{spec.Name}` is [{string.Join(", ", entry.Shape)}], "
                    + $"{config} asks for [{string.Join(", ", spec.Shape)}].");
            }
            else if (entry.Dtype != "F32")
            {
                problems.Add($"tensor `{spec.Name}` is {entry.Dtype}, expected F32.");
            }
        }
        IEnumerable<string> unexpected = file.Tensors.Keys.Except(expected.Select(spec => spec.Name)).Order(StringComparer.Ordinal);
        problems.AddRange(unexpected.Select(name => $"tensor `{name}` is not part of the model that {config} describes."));
        Throw.InvalidData_IfAny(problems.Select(problem => $"{file.Path}: {problem}"));
    }

    public static string ConfigFile(string folder) => Path.Combine(folder, "config.json");

    public static string WeightsFile(string folder) => Path.Combine(folder, "model.safetensors");

    public static string TokenizerFile(string folder) => Path.Combine(folder, "tokenizer.json");

    private static string MetricsFile(string folder) => Path.Combine(folder, "metrics.json");

    /// <returns>The same path.</returns>
    public static string Require(string file) => File.Exists(file) ? file
        : throw new FileNotFoundException($"{file}: no such file. "
            + "Expected a checkpoint folder, such as RUN/best, that holds config.json and model.safetensors.", file);
}
