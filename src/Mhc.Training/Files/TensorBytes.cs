using System.Runtime.InteropServices;

namespace Mhc.Training;

/// <summary>The bytes of a tensor's elements.</summary>
internal static class TensorBytes
{
    /// <summary>Bytes of one element, null where the dtype is not known.</summary>
    public static int? Size(string dtype) => dtype switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" => 1,
        _ => null,
    };

    public static bool IsFloat(string dtype) => dtype is "F64" or "F32" or "F16" or "BF16";

    /// <summary>Rounds to float32. Narrower numbers are float32's already; float64 beyond its range becomes infinite.</summary>
    public static byte[] ToFloat32(string dtype, byte[] bytes)
    {
        if (dtype == "F32")
            return bytes;
        byte[] result = new byte[bytes.Length / Size(dtype)!.Value * sizeof(float)];
        Span<float> floats = MemoryMarshal.Cast<byte, float>(result.AsSpan());
        ReadOnlySpan<ushort> narrow = MemoryMarshal.Cast<byte, ushort>(bytes);
        ReadOnlySpan<double> wide = MemoryMarshal.Cast<byte, double>(bytes);
        for (int i = 0; i < floats.Length; i++)
        {
            floats[i] = dtype switch
            {
                "F16" => (float)BitConverter.UInt16BitsToHalf(narrow[i]),
                "BF16" => BitConverter.UInt32BitsToSingle((uint)narrow[i] << 16), // The upper half of a float32.
                _ => (float)wide[i],
            };
        }
        return result;
    }

    /// <summary>Lays the elements of a strided view out in row-major order.</summary>
    /// <param name="source">From the view's first element to its last.</param>
    public static byte[] Gather(ReadOnlySpan<byte> source, int size, long[] shape, long[] strides)
    {
        byte[] result = new byte[shape.Aggregate((long)size, (product, axis) => product * axis)];
        long[] index = new long[shape.Length];
        long from = 0;
        for (int to = 0; to < result.Length; to += size)
        {
            source.Slice((int)(from * size), size).CopyTo(result.AsSpan(to));
            // To the next index: the last axis first, carrying over.
            for (int axis = shape.Length - 1; axis >= 0; axis--)
            {
                from += strides[axis];
                if (++index[axis] < shape[axis])
                    break;
                from -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        return result;
    }
}
