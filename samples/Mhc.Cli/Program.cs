using System.CommandLine;
using Mhc.Cli;
using Mhc.Cli.Ablate;
using Mhc.Cli.Bench;
using Mhc.Cli.Score;
using Mhc.Cli.Verify;

var root = new RootCommand("Trains an mHC GPT on your own text, exports it to ONNX, and scores text with it.")
{
    DataCommand.Create(),
    PrepareCommand.Create(),
    TrainCommand.Create(),
    ExportCommand.Create(),
    VerifyCommand.Create(),
    ScoreCommand.Create(),
    CompareCommand.Create(),
    GenerateCommand.Create(),
    InspectCommand.Create(),
    ImportCommand.Create(),
    BenchCommand.Create(),
    AblateCommand.Create(),
};
return CommandLine.Run(root, args);
