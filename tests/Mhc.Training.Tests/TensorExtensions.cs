using static TorchSharp.torch;

namespace Mhc.Training.Tests;

internal static class TensorExtensions
{
    public static double[] ToDoubles(this Tensor tensor)
    {
        using Tensor copy = tensor.detach().to(ScalarType.Float64).cpu().contiguous();
        return copy.data<double>().ToArray();
    }
}
