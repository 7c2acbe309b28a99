using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;

namespace Mhc.MLNet;

/// <summary>Where and how a model is run.</summary>
public record MhcSessionOptions
{
    /// <value>Where the model runs. Default: <see cref="MhcDevice.Cpu"/>.</value>
    public MhcDevice Device { get; init; } = MhcDevice.Cpu;

    /// <value>Which GPU, counted from 0. Default: 0. Ignored on the CPU.</value>
    public int DeviceId { get; init; }

    /// <value>Threads that run the model on the CPU. Default: null, one per core.</value>
    public int? Threads { get; init; }

    /// <value>How a GPU is used. Default: <see cref="MhcCudaOptions"/>'s. Ignored on the CPU.</value>
    public MhcCudaOptions Cuda { get; init; } = new();

    /// <value>
    /// Where it is told what is opened and where it runs, and why it does not run on CUDA where that was asked for. Never a text. A saved
    /// pipeline does not keep it. Default: null, nowhere.
    /// </value>
    [JsonIgnore]
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <value>Threads that one run of the model is spread over; null for ONNX Runtime's choice, one per physical core.</value>
    internal virtual int? ThreadsPerRun => Threads;

    /// <summary>How many runs may go on side by side.</summary>
    internal virtual int RunsOn(MhcDevice device) => 1;

    internal virtual void Validate()
    {
        if (!Enum.IsDefined(Device))
            throw new ArgumentOutOfRangeException(nameof(Device), Device, "Expected Cpu, CudaRequired or CudaIfAvailable.");
        ArgumentOutOfRangeException.ThrowIfNegative(DeviceId);
        ArgumentNullException.ThrowIfNull(Cuda);
        Cuda.Validate();
        if (Threads is int threads)
            ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1, nameof(Threads));
    }
}
