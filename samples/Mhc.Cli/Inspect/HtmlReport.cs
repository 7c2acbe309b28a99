using System.Globalization;
using System.Text.Json;

namespace Mhc.Cli;

/// <summary>Figures, settings and numbers of runs as one page.</summary>
internal static class HtmlReport
{
    public static string Of(IReadOnlyList<Run> runs, IReadOnlyList<Drawing> drawings)
    {
        var page = new HtmlPage(string.Join(", ", runs.Select(run => run.Name)));
        page.Table(["run", "parameters", "updates", "lowest validation loss", "last validation loss", "lowest and highest |λ₂|"],
            runs.Select(Summary));
        page.Figures(drawings);
        foreach (Run run in runs)
            Details(page, run, runs.Count > 1);
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
            val.Count == 0 ? "–" : FormattableString.Invariant($"{val[^1].Value:f4}"),
            run.Diagnostics is { } d ? FormattableString.Invariant($"{d.Lambda2.Min():f4} – {d.Lambda2.Max():f4}") : "–",
        ];
    }

    private static void Details(HtmlPage page, Run run, bool named)
    {
        page.Heading($"{(named ? $"{run.Name}: a" : "A")}rchitecture");
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(run.Checkpoint, "config.json")));
        page.Table(["key", "value"],
            config.RootElement.EnumerateObject().Select(member => new[] { member.Name, member.Value.ToString() }));
        StreamTables.Write(page, run.Matrices);
    }
}
