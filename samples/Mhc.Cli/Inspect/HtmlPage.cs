using System.Globalization;
using System.Net;
using System.Text;

namespace Mhc.Cli;

/// <summary>A page that needs nothing else: light or dark as the reader's screen is.</summary>
internal sealed class HtmlPage
{
    private readonly StringBuilder _page = new();

    public HtmlPage(string title) => _page.AppendLine(CultureInfo.InvariantCulture, $"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>mhc: {Escape(title)}</title>
        <style>{Style}</style>
        </head>
        <body>
        <h1>{Escape(title)}</h1>
        """);

    public void Heading(string text) => _page.AppendLine(CultureInfo.InvariantCulture, $"<h2>{Escape(text)}</h2>");

    /// <summary>Text as it stands.</summary>
    public void Text(string text) => _page.AppendLine(CultureInfo.InvariantCulture, $"<pre>{Escape(text)}</pre>");

    public void Table(string[] header, IEnumerable<string[]> rows)
    {
        _page.Append("<div class=\"table\"><table>");
        if (header.Length > 0)
        {
            _page.Append("<thead>");
            Row("th", header);
            _page.Append("</thead>");
        }
        _page.AppendLine("<tbody>");
        foreach (string[] row in rows)
            Row("td", row);
        _page.AppendLine("</tbody></table></div>");
    }

    /// <summary>What is shown once the reader asks for it.</summary>
    public void Folded(string summary, Action content)
    {
        _page.AppendLine(CultureInfo.InvariantCulture, $"<details><summary>{Escape(summary)}</summary>");
        content();
        _page.AppendLine("</details>");
    }

    public void Figures(IReadOnlyList<Drawing> drawings)
    {
        _page.AppendLine("<div class=\"figures\">");
        foreach (Drawing drawing in drawings)
            Picture(drawing);
        _page.AppendLine("</div>");
    }

    public override string ToString() => $"{_page}</body></html>{Environment.NewLine}";

    private void Picture(Drawing drawing)
    {
        (Figure light, Figure dark) = (drawing.Draw(Theme.Light), drawing.Draw(Theme.Dark));
        _page.AppendLine(CultureInfo.InvariantCulture, $"""
            <figure{(light.IsWide ? " class=\"wide\"" : "")}>
            <picture><source media="(prefers-color-scheme: dark)" srcset="{DataUri(dark)}">
            <img src="{DataUri(light)}" alt="{Escape(drawing.Caption)}"></picture>
            <figcaption>{Escape(drawing.Caption)}</figcaption></figure>
            """);
    }

    private void Row(string cell, string[] texts) => _page.Append("<tr>")
        .AppendJoin("", texts.Select(text => $"<{cell}>{Escape(text)}</{cell}>")).AppendLine("</tr>");

    private static string DataUri(Figure figure) => $"data:image/png;base64,{Convert.ToBase64String(figure.Png())}";

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
        details { margin: 1rem 0; } summary { cursor: pointer; } pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.85rem; }
        """;
}
