using System.Runtime.InteropServices;

namespace Mhc.Onnx;

/// <summary>The data of a parameter as floats, read from the checkpoint while it is written.</summary>
internal static class FloatData
{
    public static TensorData Float32(Checkpoint checkpoint, Parameter parameter) => new(parameter.Count * sizeof(float),
        stream => checkpoint.ReadPieces(parameter, piece => stream.Write(MemoryMarshal.AsBytes(piece))));

    public static TensorData Float16(Checkpoint checkpoint, Parameter parameter) => new(parameter.Count * 2, stream =>
        checkpoint.ReadPieces(parameter, piece =>
        {
            var halves = new Half[piece.Length];
            for (int i = 0; i < piece.Length; i++)
            {
                halves[i] = (Half)piece[i];
                if (Half.IsInfinity(halves[i]))
                    throw new InvalidDataException(FormattableString.Invariant(
                        $"{checkpoint.WeightsPath}: tensor `{parameter.Name}` holds {piece[i]}; float16 ends at {Half.MaxValue}. ")
                        + "Export it in float32.");
            }
            stream.Write(MemoryMarshal.AsBytes<Half>(halves));
        }));
}
