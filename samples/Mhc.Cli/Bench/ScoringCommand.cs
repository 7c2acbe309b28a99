using System.CommandLine;
using Mhc.Training;

namespace Mhc.Cli.Bench;

internal static class ScoringCommand
{
    public static Command Create()
    {
        var preset = new Option<string?>("--preset")
        {
            HelpName = "NAME",
            Description = "Measure at a preset's size instead of the reference's benchmark size with a longer block "
                + "(V=65, block 1024, 6 blocks, 6 heads, C=384).",
        };
        var set = new Option<string[]>("--set")
        {
            HelpName = "key=value",
            Description = "One setting of the model; may be given many times: --set n_layer=4 --set n_head=4 --set n_embd=128.",
        };
        var texts = new Option<string[]>("--texts")
        {
            DefaultValueFactory = _ => [.. TextKind.All.Select(kind => kind.Name)],
            Description = "Texts to score: short ones of 20 to 60 tokens, mixed ones of 10 to 1000 or the block; may be given many times.",
        };
        texts.AcceptOnlyFromAmong([.. TextKind.All.Select(kind => kind.Name)]);
        Option<int> tokens = BenchCommand.Count("--tokens", 50_000, "Tokens of all texts of a turn, about."),
            threads = BenchCommand.Count("--threads", 2, "Threads of each way."),
            rounds = BenchCommand.Count("--rounds", 9, "Turns of each way.");
        var tokensPerBatch = new Option<int?>("--tokens-per-batch")
        {
            HelpName = "N",
            Description = "Tokens of a batch; the scorer's default without it.",
        };
        tokensPerBatch.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() < 1)
                result.AddError($"Option '--tokens-per-batch' is {result.GetValueOrDefault<int?>()}, expected at least 1.");
        });
        var json = new Option<string?>("--json") { HelpName = "FILE", Description = "Write every round's times as JSON." };
        var markdown = new Option<string?>("--markdown")
        {
            HelpName = "FILE",
            Description = "Write the table with machine, versions, date and command.",
        };
        var command = new Command("score",
            "Compare the speed of scoring texts with that of a bare ONNX Runtime loop over full batches and of ML.NET's own ONNX "
            + "transformer: taken in turn, a second bare loop as control.")
        {
            preset, set, texts, tokens, tokensPerBatch, threads, rounds, json, markdown,
        };
        command.SetAction(parsed =>
        {
            foreach (string file in new[] { parsed.GetValue(json), parsed.GetValue(markdown) }.OfType<string>())
                OutputPath.Check(file);
            MhcConfig model = Model(parsed.GetValue(preset), parsed.GetValue(set) ?? []);
            TextKind[] kinds = [.. TextKind.All.Where(kind => parsed.GetValue(texts)!.Contains(kind.Name))];
            var plan = new ScoringPlan(model, kinds, parsed.GetValue(tokens), parsed.GetValue(tokensPerBatch), parsed.GetValue(threads),
                parsed.GetValue(rounds));
            (double[] matmul, IReadOnlyList<ScoringMeasurement> ways) = ScoringComparison.Run(plan, Console.Error.WriteLine);
            Report(new(Machine.Date, Machine.Describe(Machine.OnnxRuntime), Machine.Command, GraphCommand.Describe(model), plan.Threads,
                matmul, ways), parsed.GetValue(json), parsed.GetValue(markdown));
        });
        return command;
    }

    private static MhcConfig Model(string? preset, string[] set)
    {
        string[] size = preset is null ? [.. BenchCommand.ReferenceSize, "block_size=1024"] : [];
        return GraphCommand.Random(preset, size.Concat(set));
    }

    private static void Report(ScoringResult result, string? json, string? markdown)
    {
        ScoringReport.Table(result).Show();
        Console.WriteLine(Ratios.Yardstick(result.MatmulGflops));
        if (json is not null)
            OutputFile.Write(json, ReportJson.Write(result));
        if (markdown is not null)
            OutputFile.Write(markdown, ScoringReport.Markdown(result));
    }
}
