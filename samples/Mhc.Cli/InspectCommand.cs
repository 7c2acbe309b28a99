using System.CommandLine;
using System.Globalization;
using Mhc.Onnx;
using Spectre.Console;

namespace Mhc.Cli;

internal static class InspectCommand
{
    private static readonly string[] Shown = ["config.json", "tokenizer.json", "metrics.json"];

    public static Command Create()
    {
        var path = new Argument<string>("CKPT|M.onnx") { Description = "A checkpoint folder or an exported file." };
        var command = new Command("inspect", "Show what a checkpoint or an exported model is made of.") { path };
        command.SetAction(parsed =>
        {
            string target = parsed.GetValue(path)!;
            if (Directory.Exists(target))
                Show(Checkpoint.Open(target));
            else
                Show(OnnxModelSummary.Read(target));
        });
        return command;
    }

    private static void Show(Checkpoint checkpoint)
    {
        Table facts = Facts(Path.GetFullPath(checkpoint.Folder));
        facts.AddRow("parameters",
            Number(checkpoint.Parameters.Sum(parameter => parameter.Shape.Aggregate(1L, (product, size) => product * size))));
        foreach (string file in Shown.Where(file => File.Exists(Path.Combine(checkpoint.Folder, file))))
            facts.AddRow(file, Markup.Escape(Shorten(File.ReadAllText(Path.Combine(checkpoint.Folder, file)).Trim())));
        AnsiConsole.Write(facts);

        IReadOnlyList<HMatrices> matrices = checkpoint.ProjectHMatrices();
        if (matrices.Count == 0)
        {
            AnsiConsole.WriteLine(
                "No stream matrices to show: `residual` none has none, and those of hc and mhc_dynamic differ from token to token.");
            return;
        }
        Table table = new Table().Title("Stream matrices").AddColumn("sublayer", column => column.NoWrap())
            .AddColumns("row error", "column error", "H_res to I", "h_pre", "h_post");
        foreach (HMatrices h in matrices)
        {
            table.AddRow(h.Sublayer["transformer.".Length..], Small(h.MaxRowError), Small(h.MaxColumnError),
                Small(DistanceToIdentity(h)), Vector(h.HPre), Vector(h.HPost));
        }
        AnsiConsole.Write(table);
        AnsiConsole.Write(HResTable.Of(matrices[matrices.Count / 2]));
        AnsiConsole.WriteLine("The first sublayer reads equal streams, so its H_res and h_pre, if it has any, never learn.");
    }

    private static void Show(OnnxModelSummary model)
    {
        Table facts = Facts(model.Producer);
        facts.AddRow("file", $"{Number(model.FileBytes)} bytes, {Number(model.ParameterCount)} parameters, opset {model.Opset}");
        facts.AddRow("inputs", Markup.Escape(string.Join('\n', model.Inputs)));
        facts.AddRow("outputs", Markup.Escape(string.Join('\n', model.Outputs)));
        facts.AddRow("operators", string.Join(", ", model.OperatorCounts.Select(op => $"{op.Key} {op.Value}")));
        foreach ((string key, string json) in model.Metadata)
            facts.AddRow(key, Markup.Escape(Shorten(json)));
        AnsiConsole.Write(facts);
    }

    private static Table Facts(string title) => new Table().Title(Markup.Escape(title)).HideHeaders().AddColumns("", "");

    // A vocabulary or the matrices of many sublayers would bury the rest.
    private static string Shorten(string json) => json.Length <= 600 ? json : $"{json[..600]}… ({json.Length} characters)";

    private static double DistanceToIdentity(HMatrices h) =>
        h.HRes.SelectMany((row, from) => row.Select((value, to) => Math.Abs(value - (from == to ? 1 : 0)))).Max();

    private static string Vector(IReadOnlyList<double> values) =>
        string.Join(' ', values.Select(value => value.ToString("f3", CultureInfo.InvariantCulture)));

    private static string Small(double value) => value.ToString("g2", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString("n0", CultureInfo.InvariantCulture);
}
