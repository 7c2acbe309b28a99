using System.CommandLine;
using Mhc.Training;
using TorchSharp;

namespace Mhc.Cli.Bench;

internal static class BenchCommand
{
    /// <summary>The size that the PyTorch reference is measured at.</summary>
    public static readonly string[] ReferenceSize =
    [
        "vocab_size=65", "block_size=256", "n_layer=6", "n_head=6", "n_embd=384", "batch_size=8", "grad_accum=1", "dropout=0",
        "dtype=float32",
    ];

    public static Command Create() => new("bench", "Measure this machine.")
    {
        CreateTrain(), GraphCommand.Create(), ScoringCommand.Create(), CreateWorker(),
    };

    private static Command CreateTrain()
    {
        var variant = new Option<string[]>("--variant")
        {
            HelpName = "NAME=key=value,…",
            Description = "A design to measure instead of hc and mhc; may be given many times: "
                + "--variant kron=residual=mhc,h_res=kronecker. The baseline (residual=none) and its control are always there.",
        };
        var preset = new Option<string?>("--preset")
        {
            HelpName = "NAME",
            Description = "Measure at a preset's size instead of the reference's benchmark size "
                + "(V=65, block 256, 6 blocks, 6 heads, C=384, batch 8, float32).",
        };
        var set = new Option<string[]>("--set")
        {
            HelpName = "key=value",
            Description = "One setting of all designs; may be given many times: --set n_layer=48 --set n_embd=150.",
        };
        var device = new Option<string>("--device")
        {
            HelpName = "cpu|cuda|cuda:N|auto",
            DefaultValueFactory = _ => "auto",
            Description = "Where to train; auto takes a GPU when there is one.",
        };
        Option<int> threads = Count("--threads", 2, "Threads of each process."), steps = Count("--steps", 3, "Updates a turn."),
            rounds = Count("--rounds", 15, "Turns of each design.");
        var json = new Option<string?>("--json") { HelpName = "FILE", Description = "Write every round's times as JSON." };
        var markdown = new Option<string?>("--markdown")
        {
            HelpName = "FILE",
            Description = "Write the table with machine, versions, date and command.",
        };
        var command = new Command("train",
            "Compare the training speed and memory of residual designs with the baseline's: each in a process of its own, taken in turn, "
            + "a second baseline as control.")
        {
            variant, preset, set, device, threads, steps, rounds, json, markdown,
        };
        command.SetAction(parsed =>
        {
            foreach (string file in new[] { parsed.GetValue(json), parsed.GetValue(markdown) }.OfType<string>())
                OutputPath.Check(file);
            string where = parsed.GetValue(device)!;
            string[] size = parsed.GetValue(preset) is null ? ReferenceSize : [];
            BenchVariant[] variants = [.. (parsed.GetValue(variant) ?? []).Select(BenchVariant.Parse)];
            var plan = new BenchPlan(variants.Length > 0 ? variants : BenchVariant.Default, parsed.GetValue(preset) ?? "smoke",
                [.. size, .. parsed.GetValue(set) ?? [], $"device={where}"], where,
                where.StartsWith("cuda", StringComparison.Ordinal) || (where == "auto" && torch.cuda.is_available()),
                parsed.GetValue(threads), parsed.GetValue(steps), parsed.GetValue(rounds));
            Report(Measure(plan), parsed.GetValue(json), parsed.GetValue(markdown));
        });
        return command;
    }

    // Started by `mhc bench train` alone.
    private static Command CreateWorker()
    {
        var preset = new Option<string>("--preset") { Required = true };
        var set = new Option<string[]>("--set");
        var command = new Command("worker") { preset, set };
        command.Hidden = true;
        command.SetAction(parsed => BenchWorker.Run(RunSettings.Resolve(parsed.GetValue(preset)!, settings: parsed.GetValue(set))));
        return command;
    }

    private static BenchResult Measure(BenchPlan plan)
    {
        (double[] matmul, string memoryIs, IReadOnlyList<BenchMeasurement> designs) = TrainingComparison.Run(plan, Console.Error.WriteLine);
        string machine = Machine.Describe(Machine.TorchSharp);
        if (plan.OnGpu)
            machine = $"{new GpuMemory(plan.Device).Name}, {machine}";
        // The last setting of a key is the one that counts.
        string[] settings = [.. plan.Settings.GroupBy(setting => setting.Split('=')[0]).Select(key => key.Last())];
        return new(Machine.Date, machine, Machine.Command, plan.Preset, settings, plan.Threads, plan.Steps, matmul, memoryIs, designs);
    }

    private static void Report(BenchResult result, string? json, string? markdown)
    {
        BenchReport.Table(result).Show();
        Console.WriteLine(Ratios.Yardstick(result.MatmulGflops));
        if (json is not null)
            OutputFile.Write(json, ReportJson.Write(result));
        if (markdown is not null)
            OutputFile.Write(markdown, BenchReport.Markdown(result));
    }

    public static Option<int> Count(string name, int fallback, string description)
    {
        var option = new Option<int>(name) { HelpName = "N", DefaultValueFactory = _ => fallback, Description = description };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError($"Option '{name}' is {result.GetValueOrDefault<int>()}, expected at least 1.");
        });
        return option;
    }
}
