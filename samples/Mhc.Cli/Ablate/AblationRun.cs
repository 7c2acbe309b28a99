namespace Mhc.Cli.Ablate;

/// <summary>One variant with one seed, in a folder of its own.</summary>
internal sealed record AblationRun(AblationSpec Spec, AblationVariant Variant, int Seed, string Data, string Folder)
{
    /// <summary>What the training process printed.</summary>
    public string LogFile => $"{Folder}.log";

    /// <summary>Is there when the run has ended well, and says what was run.</summary>
    public string RecordFile => $"{Folder}.json";

    public string Name => $"{Variant.Name} seed {Seed}";

    public bool IsFinished => File.Exists(RecordFile);

    /// <summary>Every run, seed by seed, so that an early report has every variant.</summary>
    public static AblationRun[] All(AblationSpec spec, string data, string folder) =>
    [
        .. from seed in spec.Seeds
           from variant in spec.Variants
           select new AblationRun(spec, variant, seed, Path.GetFullPath(data), Path.Combine(folder, variant.Name, $"seed-{seed}")),
    ];

    /// <summary>What follows <c>mhc</c>: a run that was cut off goes on where it was saved.</summary>
    public string[] Arguments =>
    [
        "train", "--data", Data, "--out", Folder, .. File.Exists(Path.Combine(Folder, "run.json")) ? (string[])["--resume"] : [],
        "--preset", Spec.Preset, .. Spec.SettingsOf(Variant, Seed).SelectMany(setting => new[] { "--set", setting }),
    ];

    public RunRecord Record(int threads, int parallel) => new(Spec.Preset, Data, Spec.SettingsOf(Variant, Seed), threads, parallel);

    /// <summary>What was run, which must be what the spec says now.</summary>
    /// <exception cref="InvalidDataException">The run was made with other settings.</exception>
    public RunRecord ReadRecord()
    {
        RunRecord found = ReportJson.Read<RunRecord>(File.ReadAllText(RecordFile)), expected = Record(0, 0);
        string[] was = [.. found.Origins.Except(expected.Origins)], now = [.. expected.Origins.Except(found.Origins)];
        return was.Length + now.Length == 0 ? found : throw new InvalidDataException(
            $"{RecordFile}: was run with {Text(was)}, the ablation now says {Text(now)}. "
            + "Choose another --out, or remove this file to have the run made anew.");
    }

    private static string Text(string[] settings) => settings.Length == 0 ? "nothing more" : string.Join(' ', settings);
}

/// <summary>What was run, and how.</summary>
internal sealed record RunRecord(string Preset, string Data, IReadOnlyList<string> Settings, int Threads, int Parallel)
{
    internal IEnumerable<string> Origins => [$"preset={Preset}", $"data={Data}", .. Settings];
}
