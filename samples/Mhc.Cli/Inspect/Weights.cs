using System.Text.Json;
using Mhc.Onnx;
using Mhc.Training;

namespace Mhc.Cli;

/// <summary>
/// A checkpoint's weights: read by the exporter's reader, or by the trainer where the design's matrices depend on the input and the
/// exporter does not know it.
/// </summary>
internal sealed class Weights
{
    private readonly Checkpoint? _checkpoint;

    private Weights(Checkpoint? checkpoint, long parameterCount) => (_checkpoint, ParameterCount) = (checkpoint, parameterCount);

    public long ParameterCount { get; }

    /// <exception cref="InvalidDataException">A file is damaged; the message names every problem.</exception>
    public static Weights Open(string folder)
    {
        if (DependsOnTheInput(folder))
        {
            using MhcModel model = MhcModel.Load(folder, TorchSharp.torch.CPU);
            return new(null, model.ParameterCount);
        }
        Checkpoint checkpoint = Checkpoint.Open(folder);
        return new(checkpoint, checkpoint.Parameters.Sum(parameter => parameter.Shape.Aggregate(1L, (product, size) => product * size)));
    }

    /// <exception cref="InvalidDataException">Names every parameter that holds NaN or infinite values.</exception>
    public void RequireFinite() => _checkpoint?.RequireFinite(); // The trainer's reader has required it already.

    /// <summary>The mixing matrices of every sublayer; none with a plain residual and where they depend on the input.</summary>
    public IReadOnlyList<HMatrices> Matrices() => _checkpoint?.ProjectHMatrices() ?? [];

    private static bool DependsOnTheInput(string folder)
    {
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
            return false;
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
            return json.RootElement.TryGetProperty("residual", out JsonElement residual) && residual.GetString() is "hc" or "mhc_dynamic";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false; // The reader says what is wrong with it.
        }
    }
}
