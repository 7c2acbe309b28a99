namespace Mhc.MLNet;

/// <summary>Where a model runs.</summary>
public enum MhcDevice
{
    /// <summary>On the CPU. Scores are bit-identical whatever else is scored with a text.</summary>
    Cpu,

    /// <summary>On an NVIDIA GPU, or not at all: loading fails where CUDA cannot be used.</summary>
    CudaRequired,

    /// <summary>On an NVIDIA GPU where CUDA can be used, otherwise on the CPU; see <see cref="MhcScorer.Device"/>.</summary>
    CudaIfAvailable,
}
