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
    /// dropped where they come from the preset and are an error elsewhere.
    /// </summary>
    /// <param name="preset">A name of <see cref="Presets"/>.</param>
    /// <param name="configFile">A JSON file of settings, or null.</param>
    /// <param name="settings"><c>key=value</c> each.</param>
    /// <exception cref="InvalidDataException">Lists everything that is wrong with the settings.</exception>
    public static RunSettings Resolve(string preset, string? configFile = null, IEnumerable<string>? settings = null)
    {
        string presetText = PresetText(preset)
            ?? throw new InvalidDataException(
                $"There is no preset `{preset}`. Expected one of: {string.Join(", ", Presets.Select(p => p.Name))}.");
        var json = new StrictJson("settings");
        string presetSource = $"preset {preset}";
        json.Add(presetText, presetSource);
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

        json.Text("description", "");
        json.Ignore("format_version"); // So that a checkpoint's config.json can be given as it is.
        int? vocabSize = json.IntOrNull("vocab_size");
        MhcConfig model = MhcConfig.Read(json, vocabSize ?? 1, required: false);
        TrainingOptions training = TrainingOptions.Read(json);
        json.Finish([.. MhcConfig.Keys, .. TrainingOptions.Keys], source => source == presetSource, model.Mode);
        return new RunSettings { Model = model, Training = training, HasVocabSize = vocabSize is not null };
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
