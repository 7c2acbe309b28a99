using System.Runtime.CompilerServices;
using static TorchSharp.torch;

// The counts of live tensors are the process's.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Mhc.Training.Tests;

internal static class Threads
{
    // The tests' tensors are too small to share between cores, and threads that wait for each other slow a busy machine down.
    [ModuleInitializer]
    internal static void UseOne() => set_num_threads(1);
}
