using System.Globalization;
using Mhc.Onnx;
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
        StreamTables.Show(matrices);
        AnsiConsole.WriteLine("The first sublayer reads equal streams, so its H_res and h_pre, if it has any, never learn.");
    }

    public static Table Facts(string title) => new Table().Title(Markup.Escape(title)).HideHeaders().AddColumns("", "");

    // A vocabulary or the matrices of many sublayers would bury the rest.
    public static string Shorten(string json) => json.Length <= 600 ? json : $"{json[..600]}… ({json.Length} characters)";
}
