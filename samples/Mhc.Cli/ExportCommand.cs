using System.CommandLine;
using System.Globalization;
using Mhc.Onnx;

namespace Mhc.Cli;

internal static class ExportCommand
{
    public static Command Create()
    {
        var checkpoint = new Option<string>("--checkpoint")
        {
            Required = true,
            HelpName = "CKPT",
            Description = "Checkpoint folder, such as RUN/best.",
        };
        var output = new Option<string>("--out") { Required = true, HelpName = "M.onnx", Description = "The file to write." };
        var outputs = new Option<string>("--outputs")
        {
            DefaultValueFactory = _ => "scores",
            Description = "scores: log-probabilities of given tokens, what `mhc score` and Mhc.MLNet use. "
                + "logits: all logits, for other tools.",
        };
        outputs.AcceptOnlyFromAmong("scores", "logits");
        var layout = new Option<OnnxLayout>("--layout")
        {
            DefaultValueFactory = _ => OnnxLayout.Auto,
            Description = "How the residual streams of static mHC stand in the graph, all of them exact. auto takes what costs least.",
        };
        var prune = new Option<double>("--prune-below")
        {
            HelpName = "WEIGHT",
            Description = "Leave branch outputs out of sums where their weight is smaller, and tell the bound of the error.",
        };
        var opset = new Option<int>("--opset")
        {
            DefaultValueFactory = _ => new OnnxExportOptions().Opset,
            Description = "The version of the standard operators. 23: attention in one operator, faster where the reader knows it.",
        };
        opset.AcceptOnlyFromAmong("20", "23");
        var topK = new Option<int>("--top-k")
        {
            HelpName = "N",
            Description = "Beside the scores, the N most probable tokens at each position and their log-probabilities.",
        };
        var ranks = new Option<bool>("--ranks")
        {
            Description = "Beside the scores, the rank of each target among all tokens: 1 where it is the most probable.",
        };
        var entropies = new Option<bool>("--entropies") { Description = "Beside the scores, the entropy of the next token in nats." };
        var hidden = new Option<bool>("--hidden") { Description = "Beside the scores, what the vocabulary head reads at every position." };
        var command = new Command("export",
            "Turn a checkpoint into an .onnx file that any ONNX Runtime runs, H_res projected to constants.")
        {
            checkpoint, output, outputs, layout, prune, opset, topK, ranks, entropies, hidden,
        };
        command.SetAction(parsed =>
        {
            OutputPath.Check(parsed.GetValue(output)!, parsed.GetValue(checkpoint)!);
            var options = new OnnxExportOptions
            {
                Outputs = parsed.GetValue(outputs) == "logits" ? OnnxOutputs.Logits : OnnxOutputs.Scores,
                Layout = parsed.GetValue(layout),
                PruneBelow = parsed.GetValue(prune),
                Opset = parsed.GetValue(opset),
                TopK = parsed.GetValue(topK),
                Ranks = parsed.GetValue(ranks),
                Entropies = parsed.GetValue(entropies),
                Hidden = parsed.GetValue(hidden),
            };
            OnnxExportResult result = OnnxExporter.Export(parsed.GetValue(checkpoint)!, parsed.GetValue(output)!, options);
            string sums = result.MaxRowError + result.MaxColumnError == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
                $" Largest error of H_res: {result.MaxRowError:g2} in a row's sum, {result.MaxColumnError:g2} in a column's.");
            string pruned = result.LargestPrunedWeight == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
                $" Pruned: a sum is off by at most {result.LargestPrunedWeight:g2} times its largest term.");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{result.Path}: {result.FileBytes / 1e6:f1} MB, {result.ParameterCount:n0} parameters, {result.NodeCount} operators, "
                + $"residual {result.Layout}.") + sums + pruned);
        });
        return command;
    }
}
