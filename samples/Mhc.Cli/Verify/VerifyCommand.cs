using System.CommandLine;
using System.Globalization;
using Mhc.Onnx;
using Mhc.Training;

namespace Mhc.Cli.Verify;

internal static class VerifyCommand
{
    public static Command Create()
    {
        var checkpoint = new Option<string>("--checkpoint")
        {
            Required = true,
            HelpName = "CKPT",
            Description = "The checkpoint folder that the model was exported from.",
        };
        var model = new Option<string>("--model") { Required = true, HelpName = "M.onnx", Description = "What `mhc export` wrote." };
        var text = new Option<string?>("--text")
        {
            HelpName = "FILE",
            Description = "UTF-8 text to compare on besides random tokens.",
        };
        var tokens = new Option<int>("--tokens")
        {
            DefaultValueFactory = _ => 64,
            Description = "How many random tokens, and how many of the text. The reference takes about two seconds for a thousand tokens "
                + "and a million parameters.",
        };
        tokens.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 2)
                result.AddError($"--tokens is {result.GetValueOrDefault<int>()}, expected at least 2.");
        });
        var command = new Command("verify", "Compare an exported model with its checkpoint, layer by layer: with plain loops in double "
            + "precision, and with TorchSharp. Exit code 1 where a difference is over what the precision allows.")
        {
            checkpoint, model, text, tokens,
        };
        command.SetAction(parsed => Run(
            parsed.GetValue(checkpoint)!, parsed.GetValue(model)!, parsed.GetValue(text), parsed.GetValue(tokens)));
        return command;
    }

    private static void Run(string checkpoint, string model, string? text, int count)
    {
        using Verifier verifier = Verifier.OpenPair(checkpoint, model);
        using MhcModel torch = MhcModel.Load(checkpoint);
        var reference = new ReferenceModel(Checkpoint.Open(checkpoint));
        var given = new List<TestTokens> { TestTokens.Random(count, torch.Config) };
        if (text is not null)
            given.Add(TestTokens.OfText(count, torch.Config, Tokenizer(checkpoint), text));
        Comparison[] comparisons = [.. given.SelectMany(tokens =>
        {
            ReferenceTrace[] traces = Witnesses.Traces(reference, tokens.Sequences);
            return verifier.CompareLayers(tokens, traces)
                .Append(verifier.CompareOutput(tokens, Witnesses.Reference, [.. traces.Select(trace => trace.Logits)]))
                .Append(verifier.CompareOutput(tokens, Witnesses.Torch, Witnesses.TorchLogits(torch, tokens.Sequences)));
        })];
        Table(verifier, comparisons).Show();
        verifier.ThrowIfApart(comparisons);
        Console.WriteLine($"{model} computes what {checkpoint} does: {verifier.Describe(comparisons)}");
    }

    private static ReportTable Table(Verifier verifier, Comparison[] comparisons)
    {
        (string Tokens, string Witness)[] columns =
            [.. comparisons.Select(comparison => (comparison.Tokens, comparison.Witness)).Distinct()];
        var table = new ReportTable(
            ["value", "largest", "allowed", .. columns.Select(column => $"{column.Tokens}: from {column.Witness}")]);
        foreach (IGrouping<string, Comparison> value in comparisons.GroupBy(comparison => comparison.Value))
        {
            Comparison largest = value.MaxBy(comparison => comparison.Largest)!;
            table.Add([value.Key, Number(largest.Largest), Number(verifier.Allowed(largest)), .. columns.Select(column =>
                value.FirstOrDefault(comparison => (comparison.Tokens, comparison.Witness) == column) is { } comparison
                    ? Number(comparison.Difference) : "–")]);
        }
        return table;
    }

    private static string Number(double value) => value.ToString("g2", CultureInfo.InvariantCulture);

    private static TextTokenizer Tokenizer(string checkpoint)
    {
        string path = Path.Combine(checkpoint, "tokenizer.json");
        return File.Exists(path) ? TextTokenizer.Read(path)
            : throw new FileNotFoundException(
                $"{path}: no such file, so there is no telling which ids a text has. Leave out --text.", path);
    }
}
