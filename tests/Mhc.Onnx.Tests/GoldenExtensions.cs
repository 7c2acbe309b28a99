using Mhc.Testing;

namespace Mhc.Onnx.Tests;

internal static class GoldenExtensions
{
    /// <summary>Token ids of each sequence of the batch.</summary>
    public static int[][] Sequences(this GoldenFixture golden, string name)
    {
        int length = (int)golden.Tensor(name).Shape[1];
        return [.. golden.Integers(name).Select(id => (int)id).Chunk(length)];
    }
}
