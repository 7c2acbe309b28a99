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
            HelpName = "ckpt.pt|DIR",
            Description = "What tokenbender/mHC-manifold-constrained-hyper-connections saved: its ckpt.pt, or a folder with config.json "
                + "and model.safetensors. A ckpt.pt is read as data: nothing in it is run.",
        };
        var output = new Option<string>("--out") { Required = true, HelpName = "CKPT", Description = "Checkpoint folder to write." };
        var command = new Command("import", "Take over a model of the PyTorch reference implementation. docs/interop.md says what is "
            + "taken, what is refused, and why.") { reference, output };
        command.SetAction(parsed =>
        {
            ReferenceImporter.Import(parsed.GetValue(reference)!, parsed.GetValue(output)!);
            Console.WriteLine($"{parsed.GetValue(output)}: imported. "
                + "It has no tokenizer, so export it with --outputs logits or run it on token ids.");
        });
        return command;
    }
}
