using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>Opens ONNX Runtime sessions and turns its ways of failing into sentences that say what to do.</summary>
internal static class SessionFactory
{
    /// <summary>The session, where it runs, and why not on CUDA where <see cref="MhcDevice.CudaIfAvailable"/> became the CPU.</summary>
    public static (InferenceSession Session, MhcDevice Device, string? WhyNotCuda) Open(
        Func<SessionOptions, InferenceSession> open, MhcScorerOptions options, string source)
    {
        string? whyNotCuda = null;
        if (options.Device != MhcDevice.Cpu)
        {
            try
            {
                return (OpenOn(MhcDevice.Cuda, open, options, source), MhcDevice.Cuda, null);
            }
            catch (CudaUnavailableException e) when (options.Device == MhcDevice.CudaIfAvailable)
            {
                whyNotCuda = e.InnerException!.Message;
            }
            catch (CudaUnavailableException e)
            {
                throw new InvalidOperationException(
                    $"CUDA device {options.DeviceId} cannot be used: {e.InnerException!.Message} Reference the package Microsoft.ML.OnnxRuntime.Gpu "
                    + "instead of Microsoft.ML.OnnxRuntime and install CUDA and cuDNN, or choose MhcDevice.CudaIfAvailable or MhcDevice.Cpu.", e.InnerException);
            }
        }
        return (OpenOn(MhcDevice.Cpu, open, options, source), MhcDevice.Cpu, whyNotCuda);
    }

    private static InferenceSession OpenOn(
        MhcDevice device, Func<SessionOptions, InferenceSession> open, MhcScorerOptions options, string source)
    {
        try
        {
            using var settings = new SessionOptions();
            // Batches differ in shape: a plan of the memory for each shape ever seen would only grow.
            settings.EnableMemoryPattern = false;
            // Waiting threads sleep: a scorer shares the machine with the service or the pipeline around it.
            settings.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
            if (options.Threads is int threads)
                settings.IntraOpNumThreads = threads;
            if (device == MhcDevice.Cuda)
                AppendCuda(settings, options);
            return open(settings);
        }
        catch (TypeInitializationException e) when (e.InnerException is DllNotFoundException)
        {
            throw NativeLibraryMissing(e.InnerException);
        }
        catch (DllNotFoundException e)
        {
            throw NativeLibraryMissing(e);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InvalidDataException($"{source}: ONNX Runtime cannot load it as a model: {e.Message} Make one with `mhc export`.", e);
        }
    }

    private static void AppendCuda(SessionOptions settings, MhcScorerOptions options)
    {
        try
        {
            settings.AppendExecutionProvider_CUDA(options.DeviceId);
            if (options.Device == MhcDevice.Cuda)
                settings.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1");
        }
        // A package without CUDA, CUDA's libraries missing, no such device.
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException or OnnxRuntimeException)
        {
            throw new CudaUnavailableException(e);
        }
    }

    private static InvalidOperationException NativeLibraryMissing(Exception inner) => new(
        "ONNX Runtime's native library was not found: add the package Microsoft.ML.OnnxRuntime, "
        + "or Microsoft.ML.OnnxRuntime.Gpu for CUDA, to the program that scores.", inner);

    private sealed class CudaUnavailableException(Exception inner) : Exception(inner.Message, inner);
}
