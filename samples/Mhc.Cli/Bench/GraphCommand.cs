using System.CommandLine;
using Mhc.Onnx;
using Mhc.Training;

namespace Mhc.Cli.Bench;

internal static class GraphCommand
{
    private const int DefaultVocabSize = 65; // Tinyshakespeare's.

    public static Command Create()
    {
        var checkpoint = new Option<string?>("--checkpoint")
        {
            HelpName = "CKPT",
            Description = "Measure this model. Without it, one of random weights.",
        };
        var preset = new Option<string?>("--preset")
        {
            HelpName = "NAME",
            Description = "Measure at a preset's size instead of the reference's benchmark size "
                + "(V=65, block 256, 6 blocks, 6 heads, C=384).",
        };
        var set = new Option<string[]>("--set")
        {
            HelpName = "key=value",
            Description = "One setting of the model; may be given many times: --set n_layer=48 --set n_embd=150.",
        };
        var size = new Option<string[]>("--size")
        {
            HelpName = "BATCHxTOKENS",
            Description = "A batch to run; may be given many times. 8x256, 1x256 and 32x64 without it.",
        };
        var past = new Option<int?>("--past")
        {
            HelpName = "N",
            Description = "Compare decoding graphs with so many tokens in their cache, beside graphs without one that run those tokens again. "
                + "The batch is what follows, 1x1 without --size.",
        };
        past.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() < 1)
                result.AddError($"Option '--past' is {result.GetValueOrDefault<int?>()}, expected at least 1.");
        });
        var layout = new Option<OnnxLayout[]>("--layout")
        {
            Description = "A layout of static mHC to measure; may be given many times. All of them without it.",
        };
        var opset = new Option<int[]>("--opset")
        {
            DefaultValueFactory = _ => [new OnnxExportOptions().Opset],
            Description = "An opset to export with; may be given many times. The plain residual in the first is the baseline.",
        };
        opset.AcceptOnlyFromAmong("20", "23");
        var precision = new Option<string[]>("--precision")
        {
            DefaultValueFactory = _ => [ExportCommand.Precisions.Keys.First()],
            Description = "A precision to export with; may be given many times. The plain residual in the first is the baseline.",
        };
        precision.AcceptOnlyFromAmong([.. ExportCommand.Precisions.Keys]);
        var threads = new Option<int[]>("--threads")
        {
            HelpName = "N",
            DefaultValueFactory = _ => [2],
            Description = "Threads of a session; may be given many times.",
        };
        threads.Validators.Add(result =>
        {
            foreach (int count in (result.GetValueOrDefault<int[]>() ?? []).Where(count => count < 1))
                result.AddError($"Option '--threads' is {count}, expected at least 1.");
        });
        Option<int> rounds = BenchCommand.Count("--rounds", 15, "Turns of each graph.");
        var json = new Option<string?>("--json") { HelpName = "FILE", Description = "Write every round's times as JSON." };
        var markdown = new Option<string?>("--markdown")
        {
            HelpName = "FILE",
            Description = "Write the table with machine, versions, date and command.",
        };
        var command = new Command("graph",
            "Compare the speed of exported graphs in ONNX Runtime with that of the same model with a plain residual: taken in turn, "
            + "a second plain residual as control.")
        {
            checkpoint, preset, set, size, past, layout, opset, precision, threads, rounds, json, markdown,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(checkpoint) is not null && (result.GetValue(preset) is not null || result.GetValue(set) is { Length: > 0 }))
                result.AddError("Option '--checkpoint' has its own sizes. Leave out '--preset' and '--set'.");
        });
        command.SetAction(parsed =>
        {
            foreach (string file in new[] { parsed.GetValue(json), parsed.GetValue(markdown) }.OfType<string>())
                OutputPath.Check(file);
            MhcConfig model = Model(parsed.GetValue(checkpoint), parsed.GetValue(preset), parsed.GetValue(set) ?? []);
            int? cached = parsed.GetValue(past);
            string[] sizes = parsed.GetValue(size) is { Length: > 0 } given ? given : cached is null ? DefaultSizes(model) : ["1x1"];
            var plan = new GraphPlan(model, parsed.GetValue(checkpoint),
                GraphVariant.Of(model, parsed.GetValue(layout) ?? [], parsed.GetValue(opset)!, parsed.GetValue(precision)!, cached is not null),
                [.. sizes.Select(text => Fitting(GraphSize.Parse(text), cached ?? 0, model))], cached ?? 0, parsed.GetValue(threads)!,
                parsed.GetValue(rounds));
            (double[] matmul, IReadOnlyList<GraphMeasurement> graphs) = GraphComparison.Run(plan, Console.Error.WriteLine);
            Report(new(Machine.Date, Machine.Describe(Machine.OnnxRuntime), Machine.Command, Describe(model), matmul, graphs),
                parsed.GetValue(json), parsed.GetValue(markdown));
        });
        return command;
    }

    private static MhcConfig Model(string? checkpoint, string? preset, string[] set)
    {
        if (checkpoint is not null)
        {
            using MhcModel model = MhcModel.Load(checkpoint);
            return model.Config;
        }
        string[] size = preset is null ? BenchCommand.ReferenceSize : [];
        return Random(preset, size.Concat(set));
    }

    /// <summary>The architecture of a model that is not there yet.</summary>
    public static MhcConfig Random(string? preset, IEnumerable<string> settings)
    {
        MhcConfig config = RunSettings.Resolve(preset ?? "smoke", settings: settings).Model;
        return config.VocabSize > 1 ? config : config with { VocabSize = DefaultVocabSize }; // 1: nobody gave one.
    }

    private static string[] DefaultSizes(MhcConfig model) =>
        [.. new[] { (8, 256), (1, 256), (32, 64) }.Select(size => $"{size.Item1}x{Math.Min(size.Item2, model.BlockSize)}")];

    private static GraphSize Fitting(GraphSize size, int past, MhcConfig model) => past + size.Tokens <= model.BlockSize ? size
        : throw new InvalidDataException($"Size {size}{(past == 0 ? "" : $" behind {past} tokens")}: the model's block size is "
            + $"{model.BlockSize}. Take at most as many tokens.");

    public static string Describe(MhcConfig model) => $"V={model.VocabSize}, block {model.BlockSize}, {model.NLayer} blocks, "
        + $"{model.NHead} heads, C={model.NEmbd}" + (model.Residual == ResidualMode.None ? "" : $", S={model.Streams}");

    private static void Report(GraphResult result, string? json, string? markdown)
    {
        GraphReport.Table(result).Show();
        Console.WriteLine(Ratios.Yardstick(result.MatmulGflops));
        if (json is not null)
            OutputFile.Write(json, ReportJson.Write(result));
        if (markdown is not null)
            OutputFile.Write(markdown, GraphReport.Markdown(result));
    }
}
