using System.Text.Json;
using Mhc.Onnx;
using Mhc.Training;

namespace Mhc.Cli;

/// <summary>What there is to see of a run folder or of a bare checkpoint folder.</summary>
/// <param name="Name">The folder's name, as it stands in legends.</param>
/// <param name="Checkpoint">Where the weights lie: the run's best checkpoint, or the folder itself.</param>
/// <param name="Step">Updates behind the weights; null where the checkpoint does not say.</param>
/// <param name="Metrics">Null with a bare checkpoint.</param>
/// <param name="Matrices">Of each sublayer; none with a plain residual and where they depend on the input.</param>
internal sealed record Run(
    string Name, string Checkpoint, long ParameterCount, int? Step, Metrics? Metrics, IReadOnlyList<HMatrices> Matrices)
{
    public const string NotConstant =
        "no stream matrices to show: in this design they depend on the input, or the exporter does not know it.";

    /// <summary>Of the matrices; null where there are none.</summary>
    public StreamMatrixDiagnostics? Diagnostics { get; } = DiagnosticsOf(Matrices);

    /// <summary>The evaluation of the checkpoint, or the last one.</summary>
    public Evaluation? Evaluation =>
        Metrics?.Evaluations is { Count: > 0 } all ? all.LastOrDefault(evaluation => evaluation.Step == Step) ?? all[^1] : null;

    /// <summary>The folder of the weights: a run's <c>best</c>, its <c>last</c>, or the folder itself.</summary>
    public static string CheckpointOf(string folder) =>
        new[] { Path.Combine(folder, "best"), Path.Combine(folder, "last") }.FirstOrDefault(Directory.Exists) ?? folder;

    /// <summary>Runs under names that tell them apart.</summary>
    /// <exception cref="InvalidDataException">A file is damaged; the message names every problem.</exception>
    public static Run[] OpenAll(IReadOnlyList<string> folders)
    {
        Run[] runs = [.. folders.Select(Open)];
        return [.. runs.Select((run, i) => runs.Count(other => other.Name == run.Name) == 1 ? run
            : run with { Name = $"{run.Name} {runs.Take(i + 1).Count(other => other.Name == run.Name)}" })];
    }

    public static StreamMatrixDiagnostics? DiagnosticsOf(IReadOnlyList<HMatrices> matrices) => matrices.Count == 0 ? null
        : StreamMatrixDiagnostics.Of(
            [.. matrices.Select(h => h.HPre.ToArray())],
            [.. matrices.Select(h => Square(h.HRes))],
            [.. matrices.Select(h => h.HPost.ToArray())]);

    private static Run Open(string folder)
    {
        string checkpoint = CheckpointOf(folder);
        string metrics = Path.Combine(folder, "metrics.jsonl");
        Weights weights = Weights.Open(checkpoint);
        weights.RequireFinite();
        if (!weights.IsConstant)
            Console.Error.WriteLine($"mhc: {folder}: {NotConstant}");
        return new(NameOf(folder), checkpoint, weights.ParameterCount, StepOf(checkpoint),
            File.Exists(metrics) ? Metrics.Read(metrics) : null, weights.Matrices());
    }

    private static string NameOf(string folder)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string name = Path.GetFileName(path);
        // Every run has a "best": its own name tells more.
        return name is "best" or "last" ? $"{Path.GetFileName(Path.GetDirectoryName(path))}/{name}" : name;
    }

    private static int? StepOf(string checkpoint)
    {
        string path = Path.Combine(checkpoint, "metrics.json");
        if (!File.Exists(path))
            return null;
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
        return json.RootElement.TryGetProperty("step", out JsonElement step) ? step.GetInt32() : null;
    }

    private static double[,] Square(IReadOnlyList<IReadOnlyList<double>> rows)
    {
        var matrix = new double[rows.Count, rows.Count];
        foreach ((int from, IReadOnlyList<double> row) in rows.Index())
            foreach ((int to, double value) in row.Index())
                matrix[from, to] = value;
        return matrix;
    }
}
