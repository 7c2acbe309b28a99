using Mhc.Onnx;
using Mhc.Training;

namespace Mhc.Cli;

/// <summary>
/// A checkpoint's weights: read by the exporter's reader, or by the trainer's where the exporter does not know the design.
/// </summary>
internal sealed class Weights
{
    private readonly Checkpoint? _checkpoint;

    private Weights(Checkpoint? checkpoint, long parameterCount) => (_checkpoint, ParameterCount) = (checkpoint, parameterCount);

    public long ParameterCount { get; }

    /// <summary>Whether the exporter knows the design: it has constant matrices, or plain residuals.</summary>
    public bool IsConstant => _checkpoint is not null;

    /// <exception cref="InvalidDataException">A file is damaged; the message names every problem.</exception>
    public static Weights Open(string folder)
    {
        try
        {
            Checkpoint checkpoint = Checkpoint.Open(folder);
            return new(checkpoint,
                checkpoint.Parameters.Sum(parameter => parameter.Shape.Aggregate(1L, (product, size) => product * size)));
        }
        catch (InvalidDataException)
        {
            using MhcModel model = MhcModel.Load(folder, TorchSharp.torch.CPU);
            return new(null, model.ParameterCount);
        }
    }

    /// <exception cref="InvalidDataException">Names every parameter that holds NaN or infinite values.</exception>
    public void RequireFinite() => _checkpoint?.RequireFinite(); // The trainer's reader has required it already.

    /// <summary>The mixing matrices of every sublayer; none with a plain residual and where they depend on the input.</summary>
    public IReadOnlyList<HMatrices> Matrices() => _checkpoint?.ProjectHMatrices() ?? [];
}
