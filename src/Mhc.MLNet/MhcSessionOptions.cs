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

    /// <value>Threads that one run of the model is spread over; null for ONNX Runtime's choice, one per physical core.</value>
    internal virtual int? ThreadsPerRun => Threads;

    /// <summary>How many runs may go on side by side.</summary>
    internal virtual int RunsOn(MhcDevice device) => 1;

    internal virtual void Validate()
    {
        if (!Enum.IsDefined(Device))
            throw new ArgumentOutOfRangeException(nameof(Device), Device, "Expected Cpu, Cuda or CudaIfAvailable.");
        ArgumentOutOfRangeException.ThrowIfNegative(DeviceId);
        if (Threads is int threads)
            ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1, nameof(Threads));
    }
}
