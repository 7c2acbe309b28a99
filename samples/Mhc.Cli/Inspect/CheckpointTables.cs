using System.Globalization;
using Mhc.Onnx;
using Mhc.Training;
using Spectre.Console;

namespace Mhc.Cli;

/// <summary>A checkpoint on the console.</summary>
internal static class CheckpointTables
{
    private static readonly string[] Shown = ["config.json", "tokenizer.json", "metrics.json"];

    /// <param name="folder">A checkpoint folder, or a run folder, whose best checkpoint is shown.</param>
    public static void Show(string folder)
    {
        Checkpoint checkpoint = Checkpoint.Open(Run.CheckpointOf(folder));
        Table facts = Facts(Path.GetFullPath(checkpoint.Folder));
        facts.AddRow("parameters", Run.ParameterCountOf(checkpoint).ToString("n0", CultureInfo.InvariantCulture));
        foreach (string file in Shown.Where(file => File.Exists(Path.Combine(checkpoint.Folder, file))))
            facts.AddRow(file, Markup.Escape(Shorten(File.ReadAllText(Path.Combine(checkpoint.Folder, file)).Trim())));
        AnsiConsole.Write(facts);

        checkpoint.RequireFinite();
        IReadOnlyList<HMatrices> matrices = checkpoint.ProjectHMatrices();
        if (matrices.Count == 0)
        {
            AnsiConsole.WriteLine(
                "No stream matrices to show: `residual` none has none, and those of hc and mhc_dynamic differ from token to token.");
            return;
        }
        StreamMatrixDiagnostics d = Run.DiagnosticsOf(matrices)!;
        Table table = new Table()
            .Title("Stream matrices: errors of the sums over H_res's rows and columns, |λ₂|, what is read and written")
            .AddColumn("sublayer", column => column.NoWrap())
            .AddColumns("rows", "columns", "|λ₂|", "h_pre", "h_post");
        foreach ((int b, HMatrices h) in matrices.Index())
        {
            table.AddRow(h.Sublayer["transformer.".Length..], Small(d.RowSumError[b]), Small(d.ColumnSumError[b]),
                d.Lambda2[b].ToString("f4", CultureInfo.InvariantCulture), Vector(h.HPre), Vector(h.HPost));
        }
        AnsiConsole.Write(table);
        AnsiConsole.Write(HResTable.Of(matrices[matrices.Count / 2]));
        AnsiConsole.WriteLine("The first sublayer reads equal streams, so its H_res and h_pre, if it has any, never learn.");
    }

    public static Table Facts(string title) => new Table().Title(Markup.Escape(title)).HideHeaders().AddColumns("", "");

    // A vocabulary or the matrices of many sublayers would bury the rest.
    public static string Shorten(string json) => json.Length <= 600 ? json : $"{json[..600]}… ({json.Length} characters)";

    private static string Vector(IReadOnlyList<double> values) =>
        string.Join(' ', values.Select(value => value.ToString("f3", CultureInfo.InvariantCulture)));

    private static string Small(double value) => value.ToString("g2", CultureInfo.InvariantCulture);
}
