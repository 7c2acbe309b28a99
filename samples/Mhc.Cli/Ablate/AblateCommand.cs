using System.CommandLine;

namespace Mhc.Cli.Ablate;

internal static class AblateCommand
{
    public static Command Create()
    {
        var spec = new Option<string>("--spec")
        {
            Required = true,
            HelpName = "FILE",
            Description = "JSON: base (settings of all runs), variants (name and settings each, the baseline first), seeds, "
                + "and preset if not smoke. docs/ablation.json is one.",
        };
        var data = new Option<string>("--data")
        {
            Required = true,
            HelpName = "FILE|DIR",
            Description = "What to train on, as for `mhc train`.",
        };
        var output = new Option<string>("--out")
        {
            Required = true,
            HelpName = "DIR",
            Description = "Folder for the runs, DIR/VARIANT/seed-N, and for report.md, report.json and report.png. "
                + "Runs that are finished there are not made again, others go on where they were saved.",
        };
        var parallel = new Option<int>("--parallel") { HelpName = "N", DefaultValueFactory = _ => 1, Description = "Runs at once." };
        var threads = new Option<int?>("--threads")
        {
            HelpName = "N",
            Description = "Threads of each run; without it the cores are divided among the runs.",
        };
        var reportOnly = new Option<bool>("--report-only") { Description = "Train nothing; report on the runs that are finished." };
        var command = new Command("ablate",
            "Train every variant with every seed, each run in a process of its own, and report where the designs differ by more than "
            + "the seeds do.")
        {
            spec, data, output, parallel, threads, reportOnly,
        };
        command.SetAction(parsed =>
        {
            AblationSpec ablation = AblationSpec.Read(parsed.GetValue(spec)!);
            string folder = parsed.GetValue(output)!, text = parsed.GetValue(data)!;
            if (!Path.Exists(text))
                throw new FileNotFoundException($"{text}: no such file or folder. Expected text to train on.", text);
            AblationRun[] runs = AblationRun.All(ablation, text, folder);
            foreach (AblationRun run in runs.Where(run => run.IsFinished))
                run.ReadRecord(); // Told before hours are spent on the others.
            int atOnce = Math.Max(1, parsed.GetValue(parallel));
            int threadsEach = parsed.GetValue(threads) ?? Math.Max(1, Environment.ProcessorCount / atOnce);
            IReadOnlyCollection<string> failures = parsed.GetValue(reportOnly) ? [] : Train(runs, atOnce, threadsEach);
            if (failures.Count < runs.Length)
                Report(AblationResult.Read(ablation, runs), folder);
            if (failures.Count > 0)
                throw new InvalidOperationException(string.Join('\n', failures.Order(StringComparer.Ordinal)));
        });
        return command;
    }

    private static IReadOnlyCollection<string> Train(AblationRun[] runs, int parallel, int threads)
    {
        using var stop = new StopSignals();
        try
        {
            return new AblationRunner(parallel, threads, Console.Error.WriteLine).Run(runs, stop);
        }
        catch (OperationCanceledException e)
        {
            throw new OperationCanceledException($"Stopped with {runs.Count(run => run.IsFinished)} of {runs.Length} runs finished. "
                + "The same command goes on with the others; --report-only reports on these.", e);
        }
    }

    private static void Report(AblationResult result, string folder)
    {
        const string Plot = "report.png";
        string command = string.Join(' ', Environment.GetCommandLineArgs().Skip(1).Prepend("mhc"));
        OutputFile.Write(Path.Combine(folder, "report.json"), ReportJson.Write(result));
        OutputFile.Write(Path.Combine(folder, Plot), file => AblationPlot.Save(result, file));
        OutputFile.Write(Path.Combine(folder, "report.md"), AblationReport.Markdown(result, command, Plot));
        AblationReport.Table(result).Show();
        foreach (string sentence in AblationReport.Sentences(result))
            Console.WriteLine(sentence);
        Console.WriteLine($"Report: {Path.Combine(folder, "report.md")}, .json, .png");
    }
}
