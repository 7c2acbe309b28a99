using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Mhc.Cli;

/// <summary>Figures, settings and numbers as one page that needs nothing else: light or dark as the reader's screen is.</summary>
internal static class HtmlReport
{
    public static string Of(IReadOnlyList<Run> runs, IReadOnlyList<Drawing> drawings)
    {
        string names = string.Join(", ", runs.Select(run => run.Name));
        var page = new StringBuilder();
        page.AppendLine(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>mhc: {Escape(names)}</title>
            <style>{Style}</style>
            </head>
            <body>
            <h1>{Escape(names)}</h1>
            """);
        Table(page, ["run", "parameters", "updates", "lowest validation loss", "last validation loss", "lowest and highest |λ₂|"],
            runs.Select(Summary));
        page.AppendLine("<div class=\"figures\">");
        foreach (Drawing drawing in drawings)
            Picture(page, drawing);
        page.AppendLine("</div>");
        foreach (Run run in runs)
            Details(page, run, runs.Count > 1);
        page.AppendLine("</body></html>");
        return page.ToString();
    }

    private static string[] Summary(Run run)
    {
        IReadOnlyList<Point> val = run.Metrics?.Val ?? [];
        int? updates = run.Metrics?.Train.Concat(val).Select(point => (int?)point.Step).Max() ?? run.Step;
        Point lowest = val.MinBy(point => point.Value);
        return
        [
            run.Name,
            run.ParameterCount.ToString("n0", CultureInfo.InvariantCulture),
            updates?.ToString("n0", CultureInfo.InvariantCulture) ?? "–",
            val.Count == 0 ? "–" : FormattableString.Invariant($"{lowest.Value:f4} at {lowest.Step:n0}"),
            val.Count == 0 ? "–" : F(val[^1].Value),
            run.Diagnostics is { } d ? FormattableString.Invariant($"{d.Lambda2.Min():f4} – {d.Lambda2.Max():f4}") : "–",
        ];
    }

    private static void Picture(StringBuilder page, Drawing drawing)
    {
        (Figure light, Figure dark) = (drawing.Draw(Theme.Light), drawing.Draw(Theme.Dark));
        page.AppendLine(CultureInfo.InvariantCulture, $"""
            <figure{(light.IsWide ? " class=\"wide\"" : "")}>
            <picture><source media="(prefers-color-scheme: dark)" srcset="{DataUri(dark)}">
            <img src="{DataUri(light)}" alt="{Escape(drawing.Caption)}"></picture>
            <figcaption>{Escape(drawing.Caption)}</figcaption></figure>
            """);
    }

    private static string DataUri(Figure figure) => $"data:image/png;base64,{Convert.ToBase64String(figure.Png())}";

    private static void Details(StringBuilder page, Run run, bool named)
    {
        page.AppendLine(CultureInfo.InvariantCulture, $"<h2>{(named ? Escape(run.Name) + ": a" : "A")}rchitecture</h2>");
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(run.Checkpoint, "config.json")));
        Table(page, ["key", "value"],
            config.RootElement.EnumerateObject().Select(member => new[] { member.Name, member.Value.ToString() }));
        if (run.Diagnostics is not { } d)
            return;
        page.AppendLine("<h2>Stream matrices by sublayer</h2>");
        Table(page, ["sublayer", "row error", "column error", "smallest", "|λ₂|", "to I", "to uniform", "h_pre", "h_post"],
            run.Matrices.Select((h, b) => new[]
            {
                h.Sublayer["transformer.".Length..], G(d.RowSumError[b]), G(d.ColumnSumError[b]), G(d.MinEntry[b]), F(d.Lambda2[b]),
                F(d.DistanceToIdentity[b]), F(d.DistanceToUniform[b]), Vector(h.HPre), Vector(h.HPost),
            }));
    }

    private static void Table(StringBuilder page, string[] header, IEnumerable<string[]> rows)
    {
        page.Append("<div class=\"table\"><table><thead>");
        Row(page, "th", header);
        page.AppendLine("</thead><tbody>");
        foreach (string[] row in rows)
            Row(page, "td", row);
        page.AppendLine("</tbody></table></div>");
    }

    private static void Row(StringBuilder page, string cell, string[] texts) => page.Append("<tr>")
        .AppendJoin("", texts.Select(text => $"<{cell}>{Escape(text)}</{cell}>")).AppendLine("</tr>");

    private static string Vector(IReadOnlyList<double> values) =>
        string.Join(' ', values.Select(value => value.ToString("f3", CultureInfo.InvariantCulture)));

    private static string F(double value) => value.ToString("f4", CultureInfo.InvariantCulture);

    private static string G(double value) => value.ToString("g2", CultureInfo.InvariantCulture);

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private const string Style = """

        :root { color-scheme: light dark; --text: #1a1a1a; --page: #fff; --line: #ddd; --quiet: #595959; }
        @media (prefers-color-scheme: dark) { :root { --text: #e2e4e9; --page: #16181d; --line: #33363e; --quiet: #a6abb5; } }
        body { margin: 0 auto; padding: 1rem; max-width: 76rem; font: 16px/1.5 system-ui, sans-serif; }
        body { color: var(--text); background: var(--page); }
        h1 { font-size: 1.6rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin-top: 2rem; }
        .figures { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); margin: 1.5rem 0; }
        figure { margin: 0; } .wide { grid-column: 1 / -1; } img { display: block; width: 100%; height: auto; }
        figcaption { color: var(--quiet); font-size: 0.9rem; }
        .table { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
        th, td { padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--line); }
        """;
}
