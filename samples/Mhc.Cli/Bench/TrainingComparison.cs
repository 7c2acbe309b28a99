using System.Globalization;

namespace Mhc.Cli.Bench;

/// <summary>
/// Trains several designs side by side, each in a process of its own, and times them in turn, so that what else the machine does
/// meets all of them alike.
/// </summary>
internal static class TrainingComparison
{
    private const int WarmUpUpdates = 2;

    /// <param name="plan">What to measure.</param>
    /// <param name="onProgress">Called with a line after each step of the way.</param>
    public static (double[] MatmulGflops, string MemoryIs, IReadOnlyList<BenchMeasurement> Designs) Run(
        BenchPlan plan, Action<string> onProgress)
    {
        BenchVariant[] variants = [BenchVariant.Baseline, BenchVariant.Control, .. plan.Variants];
        foreach (BenchVariant variant in variants)
            variant.Resolve(plan.Preset, plan.Settings); // A mistake in the last one is told before the first has run.

        using var yardstick = new WorkerProcess("matmul", plan.Threads, plan.Preset, plan.Settings);
        GpuMemory? gpu = plan.OnGpu ? new GpuMemory(plan.Device) : null;
        var designs = new List<Design>();
        try
        {
            foreach (BenchVariant variant in variants)
            {
                onProgress($"warming up {variant.Name}");
                designs.Add(new Design(variant, plan, gpu));
                designs[^1].WarmUp();
            }
            double[] matmul = new double[plan.Rounds];
            for (int round = 0; round < plan.Rounds; round++)
            {
                matmul[round] = yardstick.Ask<double>(BenchWorker.Matmul);
                for (int turn = 0; turn < designs.Count; turn++) // Each round starts with another design.
                    designs[(round + turn) % designs.Count].Time(plan.Steps);
                onProgress(string.Create(CultureInfo.InvariantCulture, $"round {round + 1}/{plan.Rounds}: {matmul[round]:f0} GFLOP/s; ")
                    + $"ms per update: {string.Join(", ", designs.Select(design => design.Latest))}");
            }
            string memoryIs = gpu is null ? "the peak resident set" : designs.All(design => design.IsListed)
                ? "nvidia-smi's figure for the process"
                : "the growth of nvidia-smi's figure for the GPU, since it does not list the process";
            return (matmul, memoryIs, [.. designs.Select(design => design.Measurement())]);
        }
        finally
        {
            designs.ForEach(design => design.Dispose());
        }
    }

    /// <summary>One design in its process.</summary>
    private sealed class Design : IDisposable
    {
        private readonly BenchVariant _variant;
        private readonly GpuMemory? _gpu;
        private readonly WorkerProcess _worker;
        private readonly double _gpuBefore;
        private readonly List<double> _seconds = [];
        private BuiltModel? _model;
        private (double Idle, double Peak) _gpuMegabytes;

        public Design(BenchVariant variant, BenchPlan plan, GpuMemory? gpu)
        {
            (_variant, _gpu) = (variant, gpu);
            _gpuBefore = gpu?.Used ?? 0;
            _worker = new WorkerProcess(variant.Name, plan.Threads, plan.Preset, plan.Settings.Concat(variant.Settings));
        }

        public bool IsListed { get; private set; } = true;

        public string Latest => (_seconds[^1] * 1e3).ToString("n1", CultureInfo.InvariantCulture);

        public void WarmUp()
        {
            _worker.Ask<ResidentMemory>(BenchWorker.Memory); // It has started.
            _gpuMegabytes.Idle = GpuMegabytes();
            _model = _worker.Ask<BuiltModel>(BenchWorker.Build);
            _worker.Ask<double>($"{BenchWorker.Update} {WarmUpUpdates}");
            _gpuMegabytes.Peak = GpuMegabytes(); // libtorch keeps what it has once allocated.
        }

        public void Time(int updates) => _seconds.Add(_worker.Ask<double>($"{BenchWorker.Update} {updates}") / updates);

        public BenchMeasurement Measurement()
        {
            ResidentMemory resident = _worker.Ask<ResidentMemory>(BenchWorker.Memory);
            (double idle, double peak) = _gpu is null ? (resident.Idle, resident.Peak) : _gpuMegabytes;
            return new(_variant.Name, _variant.Settings, _model!.Parameters, _model.TokensPerUpdate, [.. _seconds], idle, peak);
        }

        public void Dispose() => _worker.Dispose();

        private double GpuMegabytes()
        {
            if (_gpu is null)
                return 0;
            double? listed = GpuMemory.Of(_worker.Id);
            IsListed &= listed is not null;
            return listed ?? (_gpu.Used - _gpuBefore);
        }
    }
}
