using System.CommandLine;
using Mhc.Training;

namespace Mhc.Cli;

internal static class ImportCommand
{
    public static Command Create()
    {
        var reference = new Option<string>("--reference")
        {
            Required = true,
            HelpName = "DIR",
            Description = "Folder with config.json and model.safetensors of tokenbender/mHC-manifold-constrained-hyper-connections.",
        };
        var output = new Option<string>("--out") { Required = true, HelpName = "CKPT", Description = "Checkpoint folder to write." };
        var command = new Command("import", "Take over a model of the PyTorch reference implementation.") { reference, output };
        command.SetAction(parsed =>
        {
            ReferenceImporter.Import(parsed.GetValue(reference)!, parsed.GetValue(output)!);
            Console.WriteLine($"{parsed.GetValue(output)}: imported. "
                + "It has no tokenizer, so export it with --outputs logits or run it on token ids.");
        });
        return command;
    }
}
