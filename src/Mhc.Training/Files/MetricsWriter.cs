using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mhc.Training;

/// <summary>A run's <c>metrics.jsonl</c>: one JSON object a line, flushed as it is written.</summary>
internal sealed class MetricsWriter : IDisposable
{
    private readonly FileStream _file;

    /// <exception cref="IOException">The run folder holds something already.</exception>
    public MetricsWriter(string runFolder)
    {
        if (File.Exists(runFolder) || (Directory.Exists(runFolder) && Directory.EnumerateFileSystemEntries(runFolder).Any()))
        {
            throw new IOException($"{runFolder}: is there already and not empty, so no run is started in it. "
                + "Choose another folder or remove this one.");
        }
        Directory.CreateDirectory(runFolder);
        _file = new FileStream(Path.Combine(runFolder, "metrics.jsonl"), FileMode.CreateNew, FileAccess.Write, FileShare.Read);
    }

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
        _file.Write(buffer.ToArray());
        _file.Write(Encoding.UTF8.GetBytes("\n"));
        _file.Flush();
    }

    public void Dispose() => _file.Dispose();
}
