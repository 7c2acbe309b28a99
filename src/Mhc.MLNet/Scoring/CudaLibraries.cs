using System.Runtime.InteropServices;

namespace Mhc.MLNet.Scoring;

/// <summary>The libraries of CUDA and cuDNN in a folder of the caller's.</summary>
internal static class CudaLibraries
{
    /// <summary>
    /// Loads all of them: what is loaded is found by its name when ONNX Runtime asks for it. They need each other, so what cannot be loaded
    /// yet is tried again once others are.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="DllNotFoundException">There is no library in it, or one cannot be loaded.</exception>
    public static void Load(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"Cuda.LibraryFolder: {folder} does not exist. Name the folder that holds the libraries of CUDA "
                + "and cuDNN, such as libcudart.so and libcudnn.so, or leave it out to take the system's.");
        List<string> waiting = [.. Directory.EnumerateFiles(folder).Where(IsLibrary).Order(StringComparer.Ordinal)];
        if (waiting.Count == 0)
            throw new DllNotFoundException($"Cuda.LibraryFolder: {folder} holds no library. Expected those of CUDA and cuDNN.");
        for (int before = int.MaxValue; waiting.Count > 0 && waiting.Count < before;)
        {
            before = waiting.Count;
            waiting.RemoveAll(path => NativeLibrary.TryLoad(path, out _));
        }
        if (waiting.Count > 0)
            NativeLibrary.Load(waiting[0]); // Throws, and says why.
    }

    private static bool IsLibrary(string path)
    {
        string name = Path.GetFileName(path);
        return name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".so", StringComparison.Ordinal)
            || name.Contains(".so.", StringComparison.Ordinal);
    }
}
