using System.Globalization;
using Mhc.Onnx;
using Mhc.Training;
using Spectre.Console;

namespace Mhc.Cli;

/// <summary>The constant matrices of every sublayer as tables, for the console and for a page.</summary>
internal static class StreamTables
{
    /// <summary>On the console: a line a sublayer, and H_res of one from the middle.</summary>
    public static void Show(IReadOnlyList<HMatrices> matrices)
    {
        StreamMatrixDiagnostics d = Run.DiagnosticsOf(matrices)!;
        Table table = new Table()
            .Title("Stream matrices: errors of the sums over H_res's rows and columns, |λ₂|, what is read and written")
            .AddColumn("sublayer", column => column.NoWrap())
            .AddColumns("rows", "columns", "|λ₂|", "h_pre", "h_post");
        foreach ((int b, HMatrices h) in matrices.Index())
            table.AddRow(Name(h), Small(d.RowSumError[b]), Small(d.ColumnSumError[b]), F4(d.Lambda2[b]), Vector(h.HPre), Vector(h.HPost));
        AnsiConsole.Write(table);
        AnsiConsole.Write(HResTable.Of(matrices[matrices.Count / 2]));
    }

    /// <summary>On a page; nothing where there are no matrices.</summary>
    public static void Write(HtmlPage page, IReadOnlyList<HMatrices> matrices)
    {
        if (Run.DiagnosticsOf(matrices) is not { } d)
            return;
        page.Heading("Stream matrices by sublayer");
        page.Table(["sublayer", "row error", "column error", "smallest", "|λ₂|", "to I", "to uniform", "h_pre", "h_post"],
            matrices.Select((h, b) => new[]
            {
                Name(h), Small(d.RowSumError[b]), Small(d.ColumnSumError[b]), Small(d.MinEntry[b]), F4(d.Lambda2[b]),
                F4(d.DistanceToIdentity[b]), F4(d.DistanceToUniform[b]), Vector(h.HPre), Vector(h.HPost),
            }));
    }

    /// <summary>The weight of each output in each input: a row for what reads, a column for what is read.</summary>
    /// <returns>The columns' names, then the rows with theirs.</returns>
    public static (string[] Header, string[][] Rows) Connections(IReadOnlyList<HMatrices> matrices)
    {
        double[,] weights = ConnectionPlot.Weights(matrices);
        string[] branches = [.. matrices.Select((_, b) => $"{b / 2} {(b % 2 == 0 ? "attn" : "MLP")}")];
        return (["input of", "e", .. branches],
        [
            .. branches.Append("final").Select((branch, reader) =>
                (string[])[branch, .. Enumerable.Range(0, reader + 1).Select(source => F3(weights[reader, source]))]),
        ]);
    }

    private static string Name(HMatrices h) => h.Sublayer["transformer.".Length..];

    private static string Vector(IReadOnlyList<double> values) =>
        string.Join(' ', values.Select(F3));

    private static string F3(double value) => value.ToString("f3", CultureInfo.InvariantCulture);

    private static string F4(double value) => value.ToString("f4", CultureInfo.InvariantCulture);

    private static string Small(double value) => value.ToString("g2", CultureInfo.InvariantCulture);
}
