using System.CommandLine;
using System.Globalization;
using Mhc.Training;
using Spectre.Console;

namespace Mhc.Cli;

internal static class TrainCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data")
        {
            Required = true,
            HelpName = "FILE|DIR",
            Description = "UTF-8 text to learn: one file, or a folder whose .txt files are read in the order of their names. "
                + "The last tenth is kept for validation. Or a folder of shards that `mhc prepare` or `mhc data` made.",
        };
        Option<string?> tokenizerFolder = PrepareCommand.TokenizerFolder();
        var output = new Option<string>("--out")
        {
            Required = true,
            HelpName = "RUN",
            Description = "Folder for the run, new or empty. Gets best/ and last/ (checkpoints for `mhc export`) and metrics.jsonl.",
        };
        var preset = new Option<string>("--preset")
        {
            HelpName = "NAME",
            DefaultValueFactory = _ => "smoke",
            Description = $"Settings to start from. {string.Join(" ", RunSettings.Presets.Select(p => $"{p.Name}: {p.Description}"))}",
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
        var command = new Command("train", "Train a model on text.")
        {
            data, output, preset, config, set, maxIters, device, tokenizerFolder,
        };
        command.SetAction(parsed =>
        {
            List<string> settings = [.. parsed.GetValue(set) ?? []];
            if (parsed.GetValue(maxIters) is { } iters)
                settings.Add(string.Create(CultureInfo.InvariantCulture, $"max_iters={iters}"));
            if (parsed.GetValue(device) is { } where)
                settings.Add($"device={where}");
            RunSettings resolved = RunSettings.Resolve(parsed.GetValue(preset)!, parsed.GetValue(config), settings);
            Run(parsed.GetValue(data)!, parsed.GetValue(tokenizerFolder), parsed.GetValue(output)!, resolved);
        });
        return command;
    }

    private static void Run(string data, string? tokenizerFolder, string runFolder, RunSettings settings)
    {
        using TextDataset text =
            TextDataset.FromFiles(data, settings.Training.Tokenizer, settings.Training.ValFraction, tokenizerFolder);
        MhcConfig config = settings.ModelFor(text.Tokenizer);
        TrainingResult result = TrainingProgress.Show(onUpdate => Trainer.Train(config, settings.Training, text, runFolder, onUpdate,
            warning => Console.Error.WriteLine($"mhc: warning: {warning}")));
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture,
            $"Validation loss {result.LastValLoss:f4} (best {result.BestValLoss:f4}), {result.TokensPerSecond:n0} tokens/s.");
        // Not through the console library, which would break long paths.
        Console.WriteLine($"Checkpoints: {result.BestFolder}, {result.LastFolder}");
        Console.WriteLine($"Next: mhc export --checkpoint {result.BestFolder} --out model.onnx");
    }
}
