using System.Text.Json.Nodes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// A copy of <c>metrics.jsonl</c> as TensorBoard event files in the run's <c>tensorboard</c> folder; a new file each time a run starts
/// or goes on. Of what is recorded by sublayer it shows the mean and a histogram, so that the number of charts does not grow with depth.
/// </summary>
internal sealed class TensorBoardLog(string runFolder)
{
    private readonly SummaryWriter _writer = utils.tensorboard.SummaryWriter(Path.Combine(runFolder, "tensorboard"));

    public void Write(TrainingUpdate update, double clipRatio, JsonObject? diagnostics)
    {
        if (!double.IsNaN(update.Loss)) // Before the first update there is none.
        {
            Scalar("loss", update.Loss);
            Scalar("grad_norm", update.GradNorm);
            Scalar("clip_ratio", clipRatio);
            Scalar("tokens_per_s", update.TokensPerSecond);
        }
        Scalar("lr", update.LearningRate);
        if (update.ValLoss is { } valLoss)
            Scalar("val_loss", valLoss);
        foreach ((string group, JsonNode? values) in diagnostics ?? [])
            foreach ((string name, JsonNode? sublayers) in (JsonObject)values!)
                Sublayers($"{group}/{name}", [.. Numbers(sublayers!)]);

        void Scalar(string tag, double value) => _writer.add_scalar(tag, (float)value, update.Step);

        void Sublayers(string tag, float[] values)
        {
            using DisposeScope scope = NewDisposeScope();
            Scalar($"{tag}/mean", values.Average());
            _writer.add_histogram(tag, tensor(values), update.Step);
        }
    }

    private static IEnumerable<float> Numbers(JsonNode node) =>
        node is JsonArray array ? array.OfType<JsonNode>().SelectMany(Numbers) : [node.GetValue<float>()];
}
