namespace Mhc.MLNet;

/// <summary>How a model is run.</summary>
public record MhcScorerOptions
{
    /// <value>Where the model runs. Default: <see cref="MhcDevice.Cpu"/>.</value>
    public MhcDevice Device { get; init; } = MhcDevice.Cpu;

    /// <value>Which GPU, counted from 0. Default: 0. Ignored on the CPU.</value>
    public int DeviceId { get; init; }

    /// <value>
    /// The most tokens, padding included, that go through the model at once. Default: 512, which leaves a CPU's caches room; a GPU wants
    /// some thousands. More takes more memory. A single window of the context length is run even where it is longer than this.
    /// </value>
    public int TokensPerBatch { get; init; } = 512;

    /// <value>Threads that one batch is spread over on the CPU. Default: null, one per physical core.</value>
    public int? Threads { get; init; }

    internal virtual void Validate()
    {
        if (!Enum.IsDefined(Device))
            throw new ArgumentOutOfRangeException(nameof(Device), Device, "Expected Cpu, Cuda or CudaIfAvailable.");
        ArgumentOutOfRangeException.ThrowIfNegative(DeviceId);
        ArgumentOutOfRangeException.ThrowIfLessThan(TokensPerBatch, 1);
        if (Threads is int threads)
            ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1, nameof(Threads));
    }
}
