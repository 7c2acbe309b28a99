using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mhc.Cli.Verify;
using Mhc.Onnx;

namespace Mhc.Cli;

internal static class ExportCommand
{
    /// <summary>As <c>mhc.precision</c> in the file's metadata says it.</summary>
    public static readonly IReadOnlyDictionary<string, OnnxPrecision> Precisions =
        Enum.GetValues<OnnxPrecision>().ToDictionary(precision => JsonNamingPolicy.SnakeCaseLower.ConvertName(precision.ToString()));

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
                + "logits: all logits, for other tools. decoder: the next token's logits and a cache of keys and values, what "
                + "`mhc generate --model` uses.",
        };
        outputs.AcceptOnlyFromAmong("scores", "logits", "decoder");
        var genAi = new Option<bool>("--genai")
        {
            Description = "With --outputs decoder: write genai_config.json and the tokenizer's files beside it, for onnxruntime-genai.",
        };
        var precision = new Option<string>("--precision")
        {
            DefaultValueFactory = _ => Precisions.Keys.First(),
            Description = "How weights are stored and what is computed in. float16_weights: half the size, the same speed. float16: for "
                + "CUDA. int8, int4: for ONNX Runtime, smaller and faster; `mhc compare` says what they cost on your text.",
        };
        precision.AcceptOnlyFromAmong([.. Precisions.Keys]);
        var externalData = new Option<bool>("--external-data")
        {
            Description = "Write the weights to M.onnx.data beside M.onnx, as is done anyway where a model is beyond 2 GB.",
        };
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
            Description = "Version of the ONNX operators: 20; 17 for older readers; 23 has attention as one operator, which "
                + "ONNX Runtime computes faster.",
        };
        opset.AcceptOnlyFromAmong("20", "17", "23");
        var noVerify = new Option<bool>("--no-verify")
        {
            Description = "Do not compare the model with its checkpoint on a few random tokens before the file is put in its place.",
        };
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
            checkpoint, output, outputs, precision, layout, prune, opset, externalData, topK, ranks, entropies, hidden, genAi,
            noVerify,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(genAi) && result.GetValue(outputs) != "decoder")
                result.AddError("--genai needs --outputs decoder.");
        });
        command.SetAction(parsed =>
        {
            OutputPath.Check(parsed.GetValue(output)!, parsed.GetValue(checkpoint)!);
            var options = new OnnxExportOptions
            {
                Outputs = Enum.Parse<OnnxOutputs>(parsed.GetValue(outputs)!, ignoreCase: true),
                Precision = Precisions[parsed.GetValue(precision)!],
                Layout = parsed.GetValue(layout),
                PruneBelow = parsed.GetValue(prune),
                Opset = parsed.GetValue(opset),
                ExternalData = parsed.GetValue(externalData),
                TopK = parsed.GetValue(topK),
                Ranks = parsed.GetValue(ranks),
                Entropies = parsed.GetValue(entropies),
                Hidden = parsed.GetValue(hidden),
                GenAiFiles = parsed.GetValue(genAi),
            };
            string? found = null;
            OnnxExportResult result = OnnxExporter.Export(parsed.GetValue(checkpoint)!, parsed.GetValue(output)!, options,
                verify: parsed.GetValue(noVerify) ? null : model => found = QuickVerification.Run(parsed.GetValue(checkpoint)!, model));
            string sums = result.MaxRowError + result.MaxColumnError == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
                $" Largest error of H_res: {result.MaxRowError:g2} in a row's sum, {result.MaxColumnError:g2} in a column's.");
            string pruned = result.LargestPrunedWeight == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
                $" Pruned: a sum is off by at most {result.LargestPrunedWeight:g2} times its largest term.");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Files(result)}: {result.FileBytes / 1e6:f1} MB, {result.ParameterCount:n0} parameters, {result.NodeCount} operators, "
                + $"residual {result.Layout}.") + sums + pruned);
            if (found is not null)
                Console.WriteLine(found);
        });
        return command;
    }

    private static string Files(OnnxExportResult result) =>
        result.DataPath is null ? result.Path : $"{result.Path} and {Path.GetFileName(result.DataPath)}";
}
