using Spectre.Console;

namespace Mhc.Cli;

/// <summary>A table for the terminal and for Markdown.</summary>
internal sealed class ReportTable(params string[] columns)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public string Markdown() => string.Concat(
        _rows.Prepend(columns).Select(cells => $"| {string.Join(" | ", cells)} |\n").Index().Select(row =>
            row.Index == 0 ? $"{row.Item}|{string.Concat(columns.Select(_ => "---|"))}\n" : row.Item));

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
}
