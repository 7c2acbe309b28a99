using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>The device that a setting names.</summary>
internal static class ComputeDevice
{
    /// <summary>
    /// The device. Where it is a GPU, a float32 run may use TF32 for its matrix products; in half precision what is left in float32 is
    /// float32 in full.
    /// </summary>
    /// <param name="name">cpu, cuda, cuda:N, or auto for a GPU when there is one.</param>
    /// <param name="dtype">What is computed in there.</param>
    /// <exception cref="InvalidDataException">The name is none of these, or there is no such GPU.</exception>
    public static Device Parse(string name, TrainingDtype dtype)
    {
        if (name == "cpu" || (name == "auto" && !cuda.is_available()))
            return CPU;
        backends.cuda.matmul.allow_tf32 = dtype == TrainingDtype.Float32;
        if (name == "auto")
            return CUDA;
        int index = 0;
        if (name != "cuda" && !(name.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index)))
        {
            throw new InvalidDataException($"`device` is \"{name}\", expected cpu, cuda, cuda:N or auto.");
        }
        if (!cuda.is_available())
        {
            throw new InvalidDataException($"`device` is \"{name}\", but libtorch finds no CUDA device. "
                + "Build with -p:MhcAccelerator=cuda on a machine with an NVIDIA driver, or use device cpu or auto.");
        }
        return index < cuda.device_count() ? new Device(DeviceType.CUDA, index)
            : throw new InvalidDataException($"`device` is \"{name}\", but there are {cuda.device_count()} CUDA devices, counted from 0.");
    }
}
