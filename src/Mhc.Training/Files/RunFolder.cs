using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Mhc.Training;

/// <summary>The folder of a run, held by one process at a time; docs/runs.md describes its files.</summary>
internal sealed partial class RunFolder(string path) : IDisposable
{
    private FileStream? _lock;
    private MetricsWriter? _metrics;

    public string Best => Path.Combine(path, "best");

    public string Last => Path.Combine(path, "last");

    /// <summary>For messages about a run that cannot go on.</summary>
    public string LastGood => Checkpoint.IsCheckpoint(Last)
        ? $"The last good checkpoint is {Last}, of update {Checkpoint.LoadMetrics(Last).Step}."
        : "There is no checkpoint yet.";

    /// <summary>Whether the run was saved, with all that continuing it takes.</summary>
    public bool HasState => Directory.Exists(Last);

    private string TokenizerFile => Path.Combine(path, "tokenizer.json");

    /// <param name="runJson">The text of <c>run.json</c>.</param>
    /// <exception cref="IOException">The folder holds something already or cannot be written.</exception>
    public void Create(string runJson, TextTokenizer tokenizer)
    {
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw new IOException(File.Exists(RunFile.PathIn(path))
                ? $"{path}: holds a run already. Continue it with --resume, choose another folder, or remove this one."
                : $"{path}: is there already and not empty, so no run is started in it. Choose another folder or remove this one.");
        }
        Writable(() =>
        {
            Directory.CreateDirectory(path);
            Lock();
            AtomicWrite.File(TokenizerFile, temporary => File.WriteAllText(temporary, tokenizer.ToJson()));
            RunFile.Write(path, runJson); // Comes last: with it there is a run that can be resumed.
        });
    }

    /// <summary>Takes hold of a run that was stopped, was killed or has ended.</summary>
    /// <param name="runJson">What <c>run.json</c> would be with the settings and the text given now.</param>
    /// <exception cref="InvalidDataException">The settings, the text or the tokenizer are not the run's.</exception>
    public void Reopen(string runJson, TextTokenizer tokenizer)
    {
        RunFile.RequireSame(path, runJson);
        if (TextTokenizer.Read(TokenizerFile).ToJson() != tokenizer.ToJson())
            throw new InvalidDataException($"{TokenizerFile}: another tokenizer than the one given. A resumed run keeps its tokenizer.");
        Writable(() =>
        {
            Lock();
            foreach (string folder in new[] { path, Best, Last }.Where(Directory.Exists))
                AtomicWrite.Recover(folder);
        });
    }

    /// <summary>Puts a reopened run where it was saved last; one that never was saved begins anew.</summary>
    /// <param name="runJson">Replaces <c>run.json</c>, whose number of updates may have changed.</param>
    public TrainerState? Load(MhcModel model, AdamW optimizer, int maxIters, string runJson)
    {
        TrainerState? state = null;
        if (HasState)
        {
            Checkpoint.LoadWeights(Last, model);
            state = TrainerState.Read(Last, model.Parameters, optimizer);
            if (state.Step > maxIters)
            {
                throw new InvalidDataException($"`max_iters` is {maxIters}, but {Last} is of update {state.Step}. "
                    + "Give at least as many.");
            }
        }
        _metrics!.CutAfter(state?.Step ?? -1);
        RunFile.Write(path, runJson);
        return state;
    }

    public void Log(TrainingUpdate update, double clipRatio, JsonObject? diagnostics) =>
        Guard(update.Step, () => _metrics!.Write(update, clipRatio, diagnostics));

    /// <summary>
    /// Saves the best checkpoint and a numbered one where they are due, and then <c>last</c>, which a resumed run goes by: killed before
    /// that, it makes the same updates and writes the same checkpoints again.
    /// </summary>
    public void Save(TrainerState state, MhcModel model, AdamW optimizer, TextDataset data, int keepCheckpoints) => Guard(state.Step, () =>
    {
        bool isEvaluated = state.EvaluatedStep == state.Step;
        var metrics = new CheckpointMetrics(state.Step, state.Loss, isEvaluated ? state.ValLoss : null, data.Sha256, null);
        _metrics!.FlushToDisk();
        if (isEvaluated && state.EvaluationsSinceBest == 0)
            Checkpoint.Save(Best, model, data.Tokenizer, metrics);
        if (isEvaluated && keepCheckpoints > 0)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"step-{state.Step:d6}");
            Checkpoint.Save(Path.Combine(path, name), model, data.Tokenizer, metrics);
        }
        foreach (string folder in Numbered().SkipLast(keepCheckpoints))
            AtomicWrite.DeleteFolder(folder);
        Checkpoint.Save(Last, model, data.Tokenizer, metrics, folder => state.Write(folder, model.Parameters, optimizer));
    });

    /// <summary>Adds to a checkpoint what the validation texts score under it.</summary>
    public void SaveValidation(string checkpoint, BitsPerByteQuantiles? quantiles)
    {
        CheckpointMetrics metrics = Checkpoint.LoadMetrics(checkpoint) with
        {
            Validation = quantiles?.Summary(),
            BitsPerByteQuantiles = quantiles,
        };
        Guard(metrics.Step, () => Checkpoint.SaveMetrics(checkpoint, metrics));
    }

    public void Dispose()
    {
        _metrics?.Dispose();
        _lock?.Dispose();
    }

    private void Lock()
    {
        string file = Path.Combine(path, "run.lock");
        try
        {
            _lock = new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (File.Exists(file))
        {
            throw new IOException("another process is training in it.", e);
        }
        _metrics = new MetricsWriter(Path.Combine(path, "metrics.jsonl"));
    }

    private void Writable(Action open)
    {
        try
        {
            open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: no run can be written there: {e.Message}", e);
        }
    }

    private void Guard(int step, Action write)
    {
        try
        {
            write();
        }
        // .NET reports a file beyond the size that its file system or the user's limit allows as an argument out of range.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            throw new IOException($"Update {step} could not be saved ({e.Message.TrimEnd('.')}), so the run stops. {LastGood} "
                + "Mend the cause, such as a full disk, and resume the run.", e);
        }
    }

    private IEnumerable<string> Numbered() => Directory.EnumerateDirectories(path)
        .Where(folder => NumberedName().IsMatch(Path.GetFileName(folder)))
        .OrderBy(folder => folder.Length).ThenBy(folder => folder, StringComparer.Ordinal);

    [GeneratedRegex(@"^step-\d{6,}$")]
    private static partial Regex NumberedName();
}
