using System.CommandLine;
using System.Globalization;
using Mhc.Training;
using Spectre.Console;

namespace Mhc.Cli;

internal static class TrainCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data")
        {
            HelpName = "FILE|DIR",
            Description = "UTF-8 text to learn: one file, or a folder whose .txt files are read in the order of their names. "
                + "The last tenth is kept for validation. Or a folder of shards that `mhc prepare` or `mhc data` made. "
                + "Required, except with --resume where the text has not moved.",
        };
        Option<string?> tokenizerFolder = PrepareCommand.TokenizerFolder();
        var output = new Option<string>("--out")
        {
            Required = true,
            HelpName = "RUN",
            Description = "Folder for the run, new or empty unless it is resumed. Gets best/ and last/ (checkpoints for `mhc export`), "
                + "metrics.jsonl and run.json.",
        };
        var resume = new Option<bool>("--resume")
        {
            Description = "Continue the run in --out exactly where it was saved last. Settings need not be given again; "
                + "max_iters, eval_interval, log_interval, patience, keep_checkpoints, tensorboard and device may change.",
        };
        var initFrom = new Option<string?>("--init-from")
        {
            HelpName = "CKPT",
            Description = "Start from this checkpoint's weights, with its architecture and tokenizer and a fresh optimiser; "
                + "short for --set init_from=CKPT.",
        };
        var preset = new Option<string>("--preset")
        {
            HelpName = "NAME",
            DefaultValueFactory = _ => "smoke",
            Description = "Settings to start from; --list-presets tells them.",
        };
        var config = new Option<string?>("--config")
        {
            HelpName = "FILE",
            Description = "JSON file of settings that replace the preset's.",
        };
        var set = new Option<string[]>("--set")
        {
            HelpName = "key=value",
            Description = "One setting, over preset and file; may be given many times: --set n_layer=4 --set learning_rate=6e-4. "
                + "docs/settings.md lists the keys.",
        };
        var maxIters = new Option<int?>("--max-iters")
        {
            HelpName = "N",
            Description = "Updates to make, short for --set max_iters=N. 0 writes the freshly initialised model.",
        };
        var device = new Option<string?>("--device")
        {
            HelpName = "cpu|cuda|cuda:N|auto",
            Description = "Where to train, short for --set device=…; auto takes a GPU when there is one.",
        };
        var command = new Command("train", "Train a model on text. Ctrl-C or SIGTERM finishes the update, saves and exits with 0; "
            + "--resume continues.")
        {
            data, output, preset, config, set, maxIters, device, tokenizerFolder, resume, initFrom, ListPresets.Create(),
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(data) is null && !result.GetValue(resume))
                result.AddError("Option '--data' is required.");
        });
        command.SetAction(parsed =>
        {
            List<string> settings = [.. parsed.GetValue(set) ?? []];
            if (parsed.GetValue(maxIters) is { } iters)
                settings.Add(string.Create(CultureInfo.InvariantCulture, $"max_iters={iters}"));
            if (parsed.GetValue(device) is { } where)
                settings.Add($"device={where}");
            if (parsed.GetValue(initFrom) is { } checkpoint)
                settings.Add($"init_from={checkpoint}");
            string runFolder = parsed.GetValue(output)!;
            if (parsed.GetValue(resume))
            {
                string? given = parsed.GetResult(preset) is { Implicit: false } ? parsed.GetValue(preset) : null;
                RunSettings ofRun = RunSettings.OfRun(runFolder, given, parsed.GetValue(config), settings);
                Run(parsed.GetValue(data) ?? ofRun.Data!, parsed.GetValue(tokenizerFolder), runFolder, ofRun, Trainer.Resume);
            }
            else
            {
                RunSettings resolved = RunSettings.Resolve(parsed.GetValue(preset)!, parsed.GetValue(config), settings);
                Run(parsed.GetValue(data)!, parsed.GetValue(tokenizerFolder), runFolder, resolved, Trainer.Train);
            }
        });
        return command;
    }

    private delegate TrainingResult Training(MhcConfig config, TrainingOptions options, TextDataset data, string runFolder,
        Action<TrainingUpdate>? onUpdate, Action<string>? onWarning, CancellationToken cancellationToken);

    private static void Run(string data, string? tokenizerFolder, string runFolder, RunSettings settings, Training train)
    {
        using var signals = new StopSignals();
        TrainingOptions options = settings.Training;
        using TextDataset text =
            TextDataset.FromFiles(data, options.Tokenizer, options.ValFraction, tokenizerFolder, settings.Tokenizer);
        MhcConfig config = settings.ModelFor(text.Tokenizer);
        TrainingResult result = TrainingProgress.Show(onUpdate => train(config, options, text, runFolder, onUpdate,
            warning => Console.Error.WriteLine($"mhc: warning: {warning}"), signals.Token));
        if (result.End == TrainingEnd.Cancelled)
        {
            Console.WriteLine($"Stopped after update {result.Step} of {options.MaxIters} and saved in {result.LastFolder}.");
            Console.WriteLine($"Continue: mhc train --out {runFolder} --resume");
            return;
        }
        if (result.End == TrainingEnd.Patience)
        {
            Console.WriteLine($"Stopped after update {result.Step} of {options.MaxIters}: "
                + $"the validation loss has not fallen for {options.Patience} evaluations.");
        }
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture,
            $"Validation loss {result.LastValLoss:f4} (best {result.BestValLoss:f4}), {result.TokensPerSecond:n0} tokens/s.");
        // Not through the console library, which would break long paths.
        Console.WriteLine($"Checkpoints: {result.BestFolder}, {result.LastFolder}");
        Console.WriteLine($"Next: mhc export --checkpoint {result.BestFolder} --out model.onnx");
    }
}
