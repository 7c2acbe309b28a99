namespace Mhc.Onnx;

/// <summary>
/// The data of a tensor, little-endian and row-major, made when it is written: the weights of a model are never in memory together.
/// </summary>
/// <param name="Length">Bytes.</param>
/// <param name="WriteTo">Writes that many bytes.</param>
internal sealed record TensorData(long Length, Action<Stream> WriteTo);
