using System.Diagnostics;
using System.Text.Json;
using Mhc.Training;
using static TorchSharp.torch;

namespace Mhc.Cli.Bench;

/// <summary>What a child says of its model.</summary>
internal sealed record BuiltModel(long Parameters, int TokensPerUpdate, int Threads);

/// <summary>Resident megabytes of a child: with libtorch loaded and no model yet, and the most since.</summary>
internal sealed record ResidentMemory(double Idle, double Peak);

/// <summary>
/// The child of <c>mhc bench train</c>: answers each command on standard input with a line of JSON, until its parent is gone.
/// </summary>
internal static class BenchWorker
{
    public const string Build = "build", Update = "update", Matmul = "matmul", Memory = "memory";

    public static void Run(RunSettings settings)
    {
        TrainingBenchmark.StartRuntime(settings.Training.Device);
        double idle = Environment.WorkingSet / 1e6;
        TrainingBenchmark? benchmark = null;
        while (Console.ReadLine() is { } command)
        {
            Console.WriteLine(command.Split(' ') switch
            {
                [Build] => Answer(Built(benchmark = new TrainingBenchmark(settings))),
                [Update, string count] => Answer(Enumerable.Range(0, int.Parse(count)).Sum(_ => benchmark!.Update().TotalSeconds)),
                [Matmul] => Answer(TrainingBenchmark.MatmulGflops(settings.Training.Device)),
                [Memory] => Answer(new ResidentMemory(idle, Process.GetCurrentProcess().PeakWorkingSet64 / 1e6)),
                _ => throw new InvalidDataException($"`{command}`: no command of a benchmark's worker."),
            });
        }
        benchmark?.Dispose();
    }

    private static BuiltModel Built(TrainingBenchmark benchmark) =>
        new(benchmark.ParameterCount, benchmark.TokensPerUpdate, get_num_threads());

    private static string Answer<T>(T value) => JsonSerializer.Serialize(value);
}
