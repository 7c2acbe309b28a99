namespace Mhc.Cli.Bench;

/// <summary>What to measure and how.</summary>
/// <param name="Variants">The designs to compare to <see cref="BenchVariant.Baseline"/>, which is measured twice.</param>
/// <param name="Preset">Settings to start from.</param>
/// <param name="Settings">Settings of all designs, over the preset's.</param>
/// <param name="OnGpu">Whether the designs train on a GPU.</param>
/// <param name="Threads">Threads of each process.</param>
/// <param name="Steps">Updates a turn.</param>
/// <param name="Rounds">Turns of each design.</param>
internal sealed record BenchPlan(IReadOnlyList<BenchVariant> Variants, string Preset, IReadOnlyList<string> Settings,
    string Device, bool OnGpu, int Threads, int Steps, int Rounds);

/// <summary>What was measured of one design.</summary>
/// <param name="Name">The design's name.</param>
/// <param name="Settings">Its settings over the shared ones.</param>
/// <param name="Parameters">Of the model.</param>
/// <param name="TokensPerUpdate">Every micro-batch counted.</param>
/// <param name="SecondsPerUpdate">In each round, the mean of its updates.</param>
/// <param name="IdleMegabytes">With libtorch loaded, before there is a model.</param>
/// <param name="PeakMegabytes">The most until the end.</param>
internal sealed record BenchMeasurement(string Name, IReadOnlyList<string> Settings, long Parameters, int TokensPerUpdate,
    double[] SecondsPerUpdate, double IdleMegabytes, double PeakMegabytes);

/// <summary>A whole measurement, as <c>--json</c> writes it.</summary>
/// <param name="Date">Of its end, UTC.</param>
/// <param name="Machine">Processor, system, versions.</param>
/// <param name="Command">As it was given.</param>
/// <param name="Preset">What the settings started from.</param>
/// <param name="Settings">Settings that all designs share, over the preset's.</param>
/// <param name="MatmulGflops">The yardstick in each round: see <c>TrainingBenchmark.MatmulGflops</c>.</param>
/// <param name="MemoryIs">What the megabytes count.</param>
/// <param name="Threads">Threads of each process.</param>
/// <param name="Steps">Updates a turn.</param>
/// <param name="Designs">The baseline first, then its control.</param>
internal sealed record BenchResult(string Date, string Machine, string Command, string Preset, IReadOnlyList<string> Settings,
    int Threads, int Steps, double[] MatmulGflops, string MemoryIs, IReadOnlyList<BenchMeasurement> Designs);
