using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mhc.Onnx;

namespace Mhc.Cli;

/// <summary>An exported model as figures and as one page.</summary>
internal static class OnnxReport
{
    // A vocabulary is megabytes long.
    private const int LongestValue = 4000;

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static IReadOnlyList<Drawing> Drawings(OnnxModelSummary model) =>
    [
        new("bytes", "Bytes of the tensors in the graph, by what they are for. The head is the embedding: one tensor is both.",
            theme => BarPlot.Draw("Bytes by kind of tensor", "MB", Bars(model.TensorBytes, bytes => bytes / 1e6, Size), theme)),
        new("operators", "Nodes of the graph by operator, before any runtime fuses them.",
            theme => BarPlot.Draw("Operators", "nodes", Bars(model.OperatorCounts, count => count, Count), theme)),
        .. model.HMatrices.Count == 0 ? [] : Drawing.OfMatrices(model.HMatrices, ""),
    ];

    public static string Html(string path, OnnxModelSummary model)
    {
        var page = new HtmlPage(Path.GetFileName(path));
        page.Table([], Facts(model));
        page.Heading("Inputs and outputs");
        page.Table(["", "name", "type", "shape"],
            [.. model.Inputs.Select(input => Value("in", input)), .. model.Outputs.Select(output => Value("out", output))]);
        page.Figures(Drawings(model));
        StreamTables.Write(page, model.HMatrices);
        if (model.HMatrices.Count > 0)
        {
            (string[] header, string[][] rows) = StreamTables.Connections(model.HMatrices);
            page.Folded("The weight of each output in each input, in numbers", () => page.Table(header, rows));
        }
        page.Heading("Metadata");
        foreach ((string key, string json) in model.Metadata)
            page.Folded(key, () => page.Text(Shorten(JsonSerializer.Serialize(JsonDocument.Parse(json), Indented))));
        return page.ToString();
    }

    private static IEnumerable<string[]> Facts(OnnxModelSummary model)
    {
        yield return ["file", string.Create(CultureInfo.InvariantCulture, $"{model.FileBytes:n0} bytes")];
        yield return ["parameters", model.ParameterCount.ToString("n0", CultureInfo.InvariantCulture)];
        yield return ["operators", $"{Count(model.OperatorCounts.Values.Sum())}, opset {model.Opset}"];
        yield return ["producer", model.Producer];
        foreach (string key in (string[])["layout", "precision", "context_length", "weights_sha256"])
            if (model.Metadata.TryGetValue($"mhc.{key}", out string? json))
                yield return [key.Replace('_', ' '), json.Trim('"')];
        if (model.HMatrices.Count > 0)
            yield return ["H_res", string.Create(CultureInfo.InvariantCulture, $"rows sum to 1 within "
                + $"{model.HMatrices.Max(h => h.MaxRowError):g2}, columns within {model.HMatrices.Max(h => h.MaxColumnError):g2}")];
    }

    // "logits float [batch, tokens, 65]"
    private static string[] Value(string direction, string text) => [direction, .. text.Split(' ', 3)];

    private static (string, double, string)[] Bars<T>(
        IReadOnlyDictionary<string, T> values, Func<T, double> length, Func<T, string> text) =>
    [
        .. values.Select(pair => (pair.Key, Length: length(pair.Value), Text: text(pair.Value)))
            .Where(bar => bar.Length > 0).OrderByDescending(bar => bar.Length),
    ];

    private static string Count(int count) => count.ToString("n0", CultureInfo.InvariantCulture);

    private static string Size(long bytes) => bytes switch
    {
        >= 1_000_000 => FormattableString.Invariant($"{bytes / 1e6:f1} MB"),
        >= 1_000 => FormattableString.Invariant($"{bytes / 1e3:f1} kB"),
        _ => FormattableString.Invariant($"{bytes} bytes"),
    };

    private static string Shorten(string text) => text.Length <= LongestValue ? text
        : string.Create(CultureInfo.InvariantCulture, $"{text[..LongestValue]}…\n({text.Length:n0} characters)");
}
