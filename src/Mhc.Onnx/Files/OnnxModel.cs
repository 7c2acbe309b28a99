using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>A model whose weights are not in memory.</summary>
/// <param name="Weights">By name the data of the initializers that the graph holds without it.</param>
/// <param name="Residual">How the residual stands in the graph.</param>
internal sealed record OnnxModel(ModelProto Proto, IReadOnlyDictionary<string, TensorData> Weights, ResidualStreams Residual)
{
    public GraphProto Graph => Proto.Graph;
}
