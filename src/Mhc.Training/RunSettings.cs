using System.Reflection;
using System.Text.Json;

namespace Mhc.Training;

/// <summary>The settings of a run: what a preset, a file and single settings say together.</summary>
public sealed record RunSettings
{
    private const string PresetFolder = "Mhc.Training.Presets.";

    /// <summary>The architecture. Its vocabulary is the tokenizer's unless one was given: see <see cref="ModelFor"/>.</summary>
    public required MhcConfig Model { get; init; }

    /// <summary>How to train it.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>The tokenizer that must make the ids: that of the run, or of the checkpoint that the weights come from.</summary>
    /// <value>Null for a new run from fresh weights: see <see cref="TrainingOptions.Tokenizer"/>.</value>
    public TextTokenizer? Tokenizer { get; init; }

    /// <summary>What a run that is resumed learns from, a full path; null for a new run.</summary>
    public string? Data { get; init; }

    internal bool HasVocabSize { get; init; }

    /// <summary>The presets' names and their descriptions.</summary>
    public static IReadOnlyList<(string Name, string Description)> Presets =>
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith(PresetFolder, StringComparison.Ordinal))
            .Select(name => name[PresetFolder.Length..^".json".Length]).Order(StringComparer.Ordinal)
            .Select(name => (name, JsonDocument.Parse(PresetText(name)!).RootElement.GetProperty("description").GetString()!)),
    ];

    /// <summary>
    /// Merges, later over earlier: the defaults, the preset, the file, the single settings. Keys that the resulting mode does not use are
    /// dropped where they come from the preset and are an error elsewhere. With <c>init_from</c> the checkpoint's architecture and
    /// tokenizer replace the preset's.
    /// </summary>
    /// <param name="preset">A name of <see cref="Presets"/>.</param>
    /// <param name="configFile">A JSON file of settings, or null.</param>
    /// <param name="settings"><c>key=value</c> each.</param>
    /// <exception cref="InvalidDataException">Lists everything that is wrong with the settings.</exception>
    public static RunSettings Resolve(string preset, string? configFile = null, IEnumerable<string>? settings = null)
    {
        var json = new StrictJson("settings");
        string presetSource = AddPreset(json, preset);
        AddGiven(json, configFile, settings);
        if (json.TextOrNull("init_from") is not { } checkpoint)
            return Read(json, source => source == presetSource);

        TextTokenizer tokenizer = Checkpoint.LoadTokenizer(checkpoint);
        json.Add(File.ReadAllText(Checkpoint.Require(Checkpoint.ConfigFile(checkpoint))), checkpoint, source => source == presetSource);
        json.Add($$"""{ "tokenizer": "{{StrictJson.SnakeCase(tokenizer.Kind)}}" }""", checkpoint, source => source == presetSource);
        RunSettings resolved = Read(json, source => source == presetSource || source == checkpoint) with { Tokenizer = tokenizer };
        Checkpoint.RequireConfig(checkpoint, resolved.Model);
        return resolved.Training.Tokenizer == tokenizer.Kind ? resolved
            : throw new InvalidDataException($"settings: `tokenizer` is \"{StrictJson.SnakeCase(resolved.Training.Tokenizer)}\", but "
                + $"\"{StrictJson.SnakeCase(tokenizer.Kind)}\" in {checkpoint}, which the run starts from. Leave it out.");
    }

    /// <summary>The settings of a run that is there, what is given merged over them: for <see cref="Trainer.Resume"/>.</summary>
    /// <param name="runFolder">The run's folder.</param>
    /// <param name="preset">A name of <see cref="Presets"/>, or null.</param>
    /// <param name="configFile">A JSON file of settings, or null.</param>
    /// <param name="settings"><c>key=value</c> each.</param>
    /// <exception cref="FileNotFoundException">There is no run in the folder.</exception>
    /// <exception cref="InvalidDataException">Lists everything that is wrong with the settings.</exception>
    public static RunSettings OfRun(
        string runFolder, string? preset = null, string? configFile = null, IEnumerable<string>? settings = null)
    {
        var json = new StrictJson("settings");
        string runSource = RunFile.PathIn(runFolder);
        string runJson = RunFile.Read(runFolder);
        json.Add(runJson, runSource);
        string? presetSource = preset is null ? null : AddPreset(json, preset);
        // The checkpoint that such a run started from stands over the preset, as it did at the start.
        if (json.TextOrNull("init_from") is not null)
            json.Add(runJson, runSource, source => source == presetSource);
        AddGiven(json, configFile, settings);
        return Read(json, source => source == runSource || source == presetSource) with
        {
            Data = json.TextOrNull("data"),
            Tokenizer = TextTokenizer.Read(Checkpoint.TokenizerFile(runFolder)),
        };
    }

    /// <summary>The architecture with the vocabulary of a tokenizer.</summary>
    /// <exception cref="InvalidDataException">The settings give a vocabulary too small for it.</exception>
    public MhcConfig ModelFor(TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (!HasVocabSize)
            return Model with { VocabSize = tokenizer.VocabSize };
        return Model.VocabSize >= tokenizer.VocabSize ? Model
            : throw new InvalidDataException($"settings: `vocab_size` is {Model.VocabSize}, "
                + $"but the tokenizer has {tokenizer.VocabSize} ids. Leave it out to take the tokenizer's.");
    }

    private static string AddPreset(StrictJson json, string preset)
    {
        string text = PresetText(preset)
            ?? throw new InvalidDataException(
                $"There is no preset `{preset}`. Expected one of: {string.Join(", ", Presets.Select(p => p.Name))}.");
        string source = $"preset {preset}";
        json.Add(text, source);
        return source;
    }

    private static void AddGiven(StrictJson json, string? configFile, IEnumerable<string>? settings)
    {
        if (configFile is not null)
        {
            if (!File.Exists(configFile))
                throw new FileNotFoundException($"{configFile}: no such file. Expected a JSON file of settings.", configFile);
            json.Add(File.ReadAllText(configFile), configFile);
        }
        foreach (string setting in settings ?? [])
        {
            string[] parts = setting.Split('=', 2);
            if (parts.Length != 2 || parts[0].Length == 0)
                throw new InvalidDataException($"Setting `{setting}`: expected key=value, for example n_layer=4.");
            json.Add($"{{{JsonSerializer.Serialize(parts[0])}: {AsJson(parts[1])}}}", "--set");
        }
    }

    /// <param name="mayDrop">Sources whose keys are dropped where the mode does not use them.</param>
    private static RunSettings Read(StrictJson json, Func<string, bool> mayDrop)
    {
        json.Text("description", "");
        json.Ignore(RunFile.Keys); // So that a checkpoint's config.json and a run's run.json can be given as they are.
        int? vocabSize = json.IntOrNull("vocab_size");
        MhcConfig model = MhcConfig.Read(json, vocabSize ?? 1, required: false);
        TrainingOptions training = TrainingOptions.Read(json);
        json.Finish([.. MhcConfig.Keys, .. TrainingOptions.Keys], mayDrop, model.Mode);
        return new RunSettings { Model = model, Training = training, HasVocabSize = vocabSize is not null };
    }

    private static string? PresetText(string name)
    {
        using Stream? stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{PresetFolder}{name}.json");
        return stream is null ? null : new StreamReader(stream).ReadToEnd();
    }

    // A value that reads as JSON is JSON (4, 0.1, true); anything else is a string (sinkhorn).
    private static string AsJson(string value)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(value);
            return value;
        }
        catch (JsonException)
        {
            return JsonSerializer.Serialize(value);
        }
    }
}
