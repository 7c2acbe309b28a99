using Spectre.Console;

namespace Mhc.Cli;

/// <summary>A table for the terminal and for Markdown.</summary>
internal sealed class ReportTable(params string[] columns)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public string Markdown() => $"{Line(columns)}|{string.Concat(columns.Select(_ => "---|"))}\n{string.Concat(_rows.Select(Line))}";

    /// <summary>Drawn in a terminal, Markdown elsewhere: a program that reads it finds one row a line.</summary>
    public void Show()
    {
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive)
        {
            Console.Write(Markdown());
            return;
        }
        Table table = new Table().AddColumns([.. columns.Select(Markup.Escape)]);
        foreach (string[] row in _rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        AnsiConsole.Write(table);
    }

    private static string Line(string[] cells) =>
        $"| {string.Join(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n";
}
