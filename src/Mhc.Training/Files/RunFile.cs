using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Mhc.Training;

/// <summary>A run's <c>run.json</c>: every setting under the key that it is set with, and what the run learns from.</summary>
internal static class RunFile
{
    private const int FormatVersion = 1;

    /// <summary>What may change when a run is resumed; nothing of it bears on the updates themselves.</summary>
    private static readonly string[] Changeable =
        ["max_iters", "eval_interval", "log_interval", "patience", "keep_checkpoints", "tensorboard", "device", "data"];

    private static readonly JsonSerializerOptions SnakeCase = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>The keys besides those of settings.</summary>
    public static readonly string[] Keys = ["format_version", "data", "data_sha256"];

    public static string PathIn(string runFolder) => Path.Combine(runFolder, "run.json");

    public static string Text(MhcConfig config, TrainingOptions options, TextDataset data)
    {
        options = options with
        {
            Tokenizer = data.Tokenizer.Kind,
            // Stated, so that a run that is given more updates keeps its schedule.
            LrDecayIters = options.LrDecayIters ?? Math.Max(1, options.MaxIters),
        };
        JsonObject members = JsonNode.Parse(config.ToJson())!.AsObject();
        members["format_version"] = FormatVersion;
        foreach ((string key, JsonNode? value) in JsonSerializer.SerializeToNode(options, SnakeCase)!.AsObject())
            members.Add(key, value?.DeepClone());
        members.Add("data", Path.Exists(data.Source) ? Path.GetFullPath(data.Source) : data.Source);
        members.Add("data_sha256", data.Sha256);
        return members.ToJsonString(SnakeCase) + "\n";
    }

    public static void Write(string runFolder, string text) =>
        AtomicWrite.File(PathIn(runFolder), temporary => File.WriteAllText(temporary, text));

    /// <summary>A run's text, its version checked.</summary>
    /// <exception cref="FileNotFoundException">There is no run in the folder.</exception>
    public static string Read(string runFolder)
    {
        string path = PathIn(runFolder);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path}: no such file, so there is no run to resume. "
                + $"Expected the folder of a run that `mhc train` started; to start one in {runFolder}, leave --resume out.", path);
        }
        StrictJson.ReadFile(path).RequireVersion("format_version", FormatVersion);
        return File.ReadAllText(path);
    }

    /// <exception cref="InvalidDataException">Lists every setting that a resumed run may not change and that is not the same.</exception>
    public static void RequireSame(string runFolder, string now)
    {
        string path = PathIn(runFolder);
        Throw.InvalidData_IfAny(StrictJson.Differences(Read(runFolder), now).Where(d => !Changeable.Contains(d.Key)).Select(d =>
            d.Key == "data_sha256"
                ? $"{path}: the run learns from a text with the SHA-256 {d.First}, but that of the text given is {d.Second}. "
                    + "Give the same text, or start a new run, with --init-from to keep the weights."
                : $"{path}: `{d.Key}` is {d.First ?? "not set"} in this run, but {d.Second ?? "not set"} was given. "
                    + "A resumed run keeps it: leave it out, or start a new run."));
    }
}
