using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mhc.Training;

/// <summary>A run's <c>metrics.jsonl</c>: one JSON object a line, each in one write, without a buffer.</summary>
internal sealed class MetricsWriter(string path) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

    /// <param name="clipRatio">What clipping multiplied the gradient by.</param>
    public void Write(TrainingUpdate update, double clipRatio, JsonObject? diagnostics)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("step", update.Step);
            if (!double.IsNaN(update.Loss)) // Before the first update there is none.
            {
                json.WriteNumber("loss", update.Loss);
                json.WriteNumber("grad_norm", update.GradNorm);
                json.WriteNumber("clip_ratio", Math.Round(clipRatio, 6));
                json.WriteNumber("tokens_per_s", Math.Round(update.TokensPerSecond, 1));
            }
            json.WriteNumber("lr", update.LearningRate);
            if (update.ValLoss is { } valLoss)
                json.WriteNumber("val_loss", valLoss);
            if (diagnostics is not null)
            {
                json.WritePropertyName("diagnostics");
                diagnostics.WriteTo(json);
            }
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        _file.Write(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    /// <summary>So that a checkpoint is never there without the lines before it.</summary>
    public void FlushToDisk() => _file.Flush(flushToDisk: true);

    /// <summary>
    /// Cuts off what a resumed run will write again: lines after a step, and a line that a kill or a full disk left in part.
    /// </summary>
    public void CutAfter(int step)
    {
        byte[] bytes = new byte[_file.Length];
        _file.Position = 0;
        _file.ReadExactly(bytes);
        int end = 0;
        while (bytes.AsSpan(end).IndexOf((byte)'\n') is >= 0 and var length && StepOf(bytes.AsMemory(end, length)) <= step)
            end += length + 1;
        _file.SetLength(end);
        _file.Position = end;
    }

    public void Dispose() => _file.Dispose();

    private static int? StepOf(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt32();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null; // What follows a damaged line is cut off with it.
        }
    }
}
