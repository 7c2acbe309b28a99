using System.Text.Json;

namespace Mhc.Cli;

/// <summary>A run's <c>metrics.jsonl</c>, whose fields docs/metrics.md defines.</summary>
/// <param name="Train">Training loss by update, nats per token.</param>
/// <param name="Val">Validation loss by update, nats per token.</param>
/// <param name="TokensPerSecond">Of every line that has it.</param>
/// <param name="Evaluations">What was recorded of the residual streams, in the order of the updates.</param>
internal sealed record Metrics(
    IReadOnlyList<Point> Train, IReadOnlyList<Point> Val, IReadOnlyList<double> TokensPerSecond, IReadOnlyList<Evaluation> Evaluations)
{
    /// <exception cref="InvalidDataException">A line other than an unfinished last one is no JSON object with a step.</exception>
    public static Metrics Read(string path)
    {
        var lines = new List<JsonElement>();
        string[] texts = File.ReadAllLines(path);
        foreach ((int index, string text) in texts.Index())
        {
            try
            {
                using JsonDocument json = JsonDocument.Parse(text);
                int step = json.RootElement.GetProperty("step").GetInt32();
                // A run that was stopped and went on from an earlier checkpoint makes some updates again: the later ones count.
                lines.RemoveAll(line => Step(line) > step);
                lines.Add(json.RootElement.Clone());
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
            {
                if (index < texts.Length - 1) // The last line may be cut off: the run is going on, or was killed.
                    throw new InvalidDataException($"{path}: line {index + 1} is no JSON object with a number `step`. "
                        + "Expected what `mhc train` writes.", e);
            }
        }
        return new(Points(lines, "loss"), Points(lines, "val_loss"),
            [.. lines.Where(line => line.TryGetProperty("tokens_per_s", out _)).Select(line => line.GetProperty("tokens_per_s").GetDouble())],
        [
            .. lines.Where(line => line.TryGetProperty("diagnostics", out _))
                .Select(line => new Evaluation(Step(line), line.GetProperty("diagnostics"))),
        ]);
    }

    private static int Step(JsonElement line) => line.GetProperty("step").GetInt32();

    private static Point[] Points(IEnumerable<JsonElement> lines, string field) =>
    [
        // An update that is evaluated has two lines with its loss.
        .. lines.Where(line => line.TryGetProperty(field, out _)).DistinctBy(Step)
            .Select(line => new Point(Step(line), line.GetProperty(field).GetDouble())),
    ];
}

internal readonly record struct Point(int Step, double Value);

/// <summary>The <c>diagnostics</c> of one evaluation.</summary>
internal sealed record Evaluation(int Step, JsonElement Diagnostics)
{
    /// <summary>One value a sublayer, or null where the design has no such thing.</summary>
    public double[]? List(string group, string name) =>
        Element(group, name) is { } list ? [.. list.EnumerateArray().Select(Number)] : null;

    /// <summary>One list a sublayer, or null where the design has no such thing.</summary>
    public double[][]? Lists(string group, string name) =>
        Element(group, name) is { } list ? [.. list.EnumerateArray().Select(item => item.EnumerateArray().Select(Number).ToArray())] : null;

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble();

    private JsonElement? Element(string group, string name) =>
        Diagnostics.TryGetProperty(group, out JsonElement lists) && lists.TryGetProperty(name, out JsonElement list) ? list : null;
}
