using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>Opens ONNX Runtime sessions and turns its ways of failing into sentences that say what to do.</summary>
internal static class SessionFactory
{
    /// <summary>The session, where it runs, and why not on CUDA where <see cref="MhcDevice.CudaIfAvailable"/> became the CPU.</summary>
    public static (InferenceSession Session, MhcDevice Device, string? WhyNotCuda) Open(
        Func<SessionOptions, InferenceSession> open, MhcSessionOptions options, string source)
    {
        try
        {
            if (options.Device == MhcDevice.Cpu)
                return (OpenOnCpu(open, options, source), MhcDevice.Cpu, null);
            try
            {
                return (OpenOnCuda(open, options), MhcDevice.CudaRequired, null);
            }
            // A package without CUDA, CUDA's own libraries missing, no such device.
            catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException or OnnxRuntimeException
                or DirectoryNotFoundException or BadImageFormatException)
            {
                return options.Device == MhcDevice.CudaIfAvailable
                    ? (OpenOnCpu(open, options, source), MhcDevice.Cpu, e.Message)
                    : throw new InvalidOperationException(
                        $"{source}: CUDA device {options.DeviceId} cannot run it: {e.Message} "
                        + "Reference the package Microsoft.ML.OnnxRuntime.Gpu in place of Microsoft.ML.OnnxRuntime and install CUDA and cuDNN, "
                        + "or choose MhcDevice.CudaIfAvailable or MhcDevice.Cpu.", e);
            }
        }
        catch (TypeInitializationException e) when (e.InnerException is DllNotFoundException)
        {
            throw new InvalidOperationException(
                "ONNX Runtime's native library was not found: add the package Microsoft.ML.OnnxRuntime, "
                + "or Microsoft.ML.OnnxRuntime.Gpu for CUDA, to the program that scores.", e.InnerException);
        }
    }

    private static InferenceSession OpenOnCpu(Func<SessionOptions, InferenceSession> open, MhcSessionOptions options, string source)
    {
        using SessionOptions settings = Settings(options);
        try
        {
            return open(settings);
        }
        catch (OnnxRuntimeException e)
        {
            string remedy = e.Message.Contains("external data", StringComparison.OrdinalIgnoreCase)
                ? "Its weights are in a file of their own: keep that beside the .onnx, and open the .onnx by its path."
                : "Make one with `mhc export`.";
            throw new InvalidDataException($"{source}: ONNX Runtime cannot load it as a model: {e.Message} {remedy}", e);
        }
    }

    private static InferenceSession OpenOnCuda(Func<SessionOptions, InferenceSession> open, MhcSessionOptions options)
    {
        if (options.Cuda.LibraryFolder is { } folder)
            CudaLibraries.Load(folder);
        using SessionOptions settings = Settings(options);
        using var cuda = new OrtCUDAProviderOptions();
        var values = new Dictionary<string, string>
        {
            ["device_id"] = $"{options.DeviceId}",
            ["use_tf32"] = options.Cuda.UseTf32 ? "1" : "0",
        };
        if (options.Cuda.MemoryLimit is long limit)
            values["gpu_mem_limit"] = $"{limit}";
        cuda.UpdateOptions(values);
        settings.AppendExecutionProvider_CUDA(cuda);
        return open(settings);
    }

    private static SessionOptions Settings(MhcSessionOptions options)
    {
        // Batches differ in shape: a plan of the memory for each shape ever seen would only grow.
        // Warnings would go to standard error; a library says what matters in its results and exceptions.
        var settings = new SessionOptions { EnableMemoryPattern = false, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        // Waiting threads sleep: a scorer shares the machine with the service or the pipeline around it.
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        if (options.ThreadsPerRun is int threads)
            settings.IntraOpNumThreads = threads;
        return settings;
    }
}
