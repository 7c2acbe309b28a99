namespace Mhc.MLNet;

/// <summary>How a GPU is used.</summary>
public sealed record MhcCudaOptions
{
    /// <value>The most bytes of GPU memory that the model and its runs take. Default: null, all there is.</value>
    public long? MemoryLimit { get; init; }

    /// <value>
    /// Whether products of float32 matrices are computed in TF32: faster on GPUs that have it, with 10 bits of mantissa instead of 23, so
    /// that scores differ from the CPU's in the fourth digit. Default: false.
    /// </value>
    public bool UseTf32 { get; init; }

    /// <value>
    /// A folder with the libraries of CUDA and cuDNN, for a machine where the system does not know them: they are loaded from there before
    /// the model is opened. Default: null, those of the system.
    /// </value>
    public string? LibraryFolder { get; init; }

    internal void Validate()
    {
        if (MemoryLimit is long limit)
            ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(MemoryLimit));
        if (LibraryFolder is not null)
            ArgumentException.ThrowIfNullOrWhiteSpace(LibraryFolder);
    }
}
