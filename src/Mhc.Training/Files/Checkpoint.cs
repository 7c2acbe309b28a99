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
/// <param name="Validation">Bits per byte over the validation lines, null until the run has ended.</param>
public sealed record CheckpointMetrics(int Step, double? TrainLoss, double? ValLoss, string DataSha256, ValidationQuantiles? Validation);

/// <summary>Quantiles of bits per byte over validation lines.</summary>
/// <param name="P50">The median.</param>
/// <param name="P95">19 lines of 20 score below this.</param>
/// <param name="P99">99 of 100.</param>
/// <param name="P999">999 of 1,000.</param>
/// <param name="Texts">How many lines were scored.</param>
public sealed record ValidationQuantiles(double P50, double P95, double P99, [property: JsonPropertyName("p99.9")] double P999, int Texts);

/// <summary>The checkpoint folder of docs/checkpoint-format.md.</summary>
internal static class Checkpoint
{
    private static readonly JsonSerializerOptions SnakeCase = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static bool IsCheckpoint(string folder) => File.Exists(ConfigFile(folder)) && File.Exists(WeightsFile(folder));

    public static void Save(string folder, MhcModel model, TextTokenizer? tokenizer, CheckpointMetrics? metrics) =>
        Save(folder, model.Config,
            model.Parameters.Specs.Select(spec => (spec.Name, spec.Shape, (Func<byte[]>)(() => model.Parameters.BytesOf(spec.Name)))),
            tokenizer, metrics);

    /// <param name="tensors">Name, shape and float32 bytes of each parameter, in any order.</param>
    public static void Save(string folder, MhcConfig config, IEnumerable<(string Name, long[] Shape, Func<byte[]> Bytes)> tensors,
        TextTokenizer? tokenizer, CheckpointMetrics? metrics) => AtomicWrite.Folder(folder, temporary =>
    {
        File.WriteAllText(ConfigFile(temporary), config.ToJson());
        SafetensorsFile.Write(WeightsFile(temporary), tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal));
        if (tokenizer is not null)
            File.WriteAllText(TokenizerFile(temporary), tokenizer.ToJson());
        if (metrics is not null)
            File.WriteAllText(MetricsFile(temporary), JsonSerializer.Serialize(metrics, SnakeCase) + "\n");
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
    public static byte[] ReadFinite(SafetensorsFile file, string name)
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
    public static void RequireSameTensors(SafetensorsFile file, IReadOnlyList<ParameterSpec> expected)
    {
        var problems = new List<string>();
        foreach (ParameterSpec spec in expected)
        {
            if (!file.Tensors.TryGetValue(spec.Name, out SafetensorsFile.Entry? entry))
            {
                problems.Add($"tensor `{spec.Name}` is missing, config.json asks for [{string.Join(", ", spec.Shape)}].");
            }
            else if (!entry.Shape.AsSpan().SequenceEqual(spec.Shape))
            {
                problems.Add($"tensor `{spec.Name}` is [{string.Join(", ", entry.Shape)}], "
                    + $"config.json asks for [{string.Join(", ", spec.Shape)}].");
            }
            else if (entry.Dtype != "F32")
            {
                problems.Add($"tensor `{spec.Name}` is {entry.Dtype}, expected F32.");
            }
        }
        IEnumerable<string> unexpected = file.Tensors.Keys.Except(expected.Select(spec => spec.Name)).Order(StringComparer.Ordinal);
        problems.AddRange(unexpected.Select(name => $"tensor `{name}` is not part of the model that config.json describes."));
        Throw.InvalidData_IfAny(problems.Select(problem => $"{file.Path}: {problem}"));
    }

    public static string ConfigFile(string folder) => Path.Combine(folder, "config.json");

    public static string WeightsFile(string folder) => Path.Combine(folder, "model.safetensors");

    public static string TokenizerFile(string folder) => Path.Combine(folder, "tokenizer.json");

    private static string MetricsFile(string folder) => Path.Combine(folder, "metrics.json");

    private static void Require(string file)
    {
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"{file}: no such file. "
                + "Expected a checkpoint folder, such as RUN/best, that holds config.json and model.safetensors.", file);
        }
    }
}
