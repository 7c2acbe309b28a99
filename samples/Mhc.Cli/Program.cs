using System.CommandLine;
using Mhc.Cli;

var root = new RootCommand("Trains an mHC GPT on your own text, exports it to ONNX, and scores text with it.")
{
    TrainCommand.Create(),
    ExportCommand.Create(),
    ScoreCommand.Create(),
    InspectCommand.Create(),
    ImportCommand.Create(),
    Mhc.Cli.Bench.BenchCommand.Create(),
};
return CommandLine.Run(root, args);
