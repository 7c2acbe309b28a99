using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Mhc.Cli.Score.Tables;

namespace Mhc.Cli.Score;

internal static class ScoreCommand
{
    public static Command Create()
    {
        string[] formats = [.. TableFormat.All.Select(format => format.Name)];
        var model = new Option<string>("--model")
        {
            Required = true,
            HelpName = "M.onnx",
            Description = "A model that `mhc export` wrote.",
        };
        var input = new Option<string>("--input")
        {
            Required = true,
            HelpName = "FILE",
            Description = "Texts to score, a row each: .csv with a header, .jsonl, .parquet; any other name is UTF-8 text, one text a line. "
                + "- is standard input.",
        };
        var format = new Option<string?>("--format") { Description = "The format of the input, whatever its name." };
        format.AcceptOnlyFromAmong(formats);
        var column = new Option<string?>("--column")
        {
            HelpName = "NAME",
            Description = "The column or key that holds the text. Default: text. The other columns are passed on.",
        };
        var output = new Option<string?>("--out")
        {
            HelpName = "FILE",
            Description = "File to write: .jsonl, .parquet, .txt (the texts alone, for use with --where); any other name is CSV. "
                + "It grows in FILE.parts; after a kill or a crash the same command goes on. - is standard output, as it is without this option.",
        };
        var outFormat = new Option<string?>("--out-format") { Description = "The format of the output, whatever its name." };
        outFormat.AcceptOnlyFromAmong(formats);
        var where = new Option<string?>("--where")
        {
            HelpName = "EXPRESSION",
            Description = "Write only rows whose scores are so: \"Perplexity > 40 and TokenCount >= 5\". Compares the columns of the scores with "
                + "numbers, true or false by < <= > >= = !=, joined by `and`. NaN compares with nothing.",
        };
        var flag = new Option<string?>("--flag")
        {
            HelpName = "p99.9",
            Description = "Add the columns Percentile, the share of the model's validation texts that score at most as much, and IsAnomaly: "
                + "whether a row scores more than this percentile of them.",
        };
        flag.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } level && Percentile(level) is null)
                result.AddError($"--flag is {level}, expected p and a number above 0 and below 100, such as p99.9.");
        });
        var quarantine = new Option<string?>("--quarantine")
        {
            HelpName = "FILE.jsonl",
            Description = "Put bad rows there, with their numbers and what is wrong, and go on. Without it the first one stops the run.",
        };
        var partRows = new Option<int?>("--part-rows")
        {
            HelpName = "N",
            CustomParser = AtLeastOne,
            Description = "Rows of a part: what a kill loses at most. Default: 100000.",
        };
        var command = new Command("score",
            "Score texts: how likely the model finds them. LogLikelihood is in nats, Perplexity is per token, "
            + "BitsPerByte per byte of the text's UTF-8; more bits per byte means stranger. An empty text has no ratios: NaN. "
            + "Characters that a char vocabulary lacks are not scored but counted in UnknownCount.")
        {
            model, input, format, column, output, outFormat, where, flag, quarantine, partRows,
        };
        command.Validators.Add(given =>
        {
            if (given.GetValue(input) is not { } from)
                return; // Which is a mistake already.
            string to = given.GetValue(output) ?? ScoreOptions.Pipe;
            if (given.GetValue(column) is not null && !Format(given, format, from, TableFormat.Text).HasColumns)
                given.AddError("--column needs an input that has columns: .csv, .jsonl or .parquet. Name its format with --format.");
            if (from == ScoreOptions.Pipe && !Format(given, format, from, TableFormat.Text).CanStream)
                given.AddError("Parquet cannot be read from standard input, as its index is at its end. Name a file.");
            if (to == ScoreOptions.Pipe && !Format(given, outFormat, to, TableFormat.Csv).CanStream)
                given.AddError("Parquet is not written to standard output. Name a file with --out.");
            if (given.GetValue(where) is { } expression && WrongExpression(expression, given.GetValue(flag) is not null) is { } wrong)
                given.AddError(wrong);
        });
        command.SetAction(parsed =>
        {
            CommandResult given = parsed.CommandResult;
            string from = given.GetValue(input)!, to = given.GetValue(output) ?? ScoreOptions.Pipe;
            new ScoreRun(new()
            {
                Model = given.GetValue(model)!,
                Input = from,
                InputFormat = Format(given, format, from, TableFormat.Text),
                Column = given.GetValue(column) ?? "text",
                Output = to,
                OutputFormat = Format(given, outFormat, to, TableFormat.Csv),
                Where = given.GetValue(where),
                Flag = given.GetValue(flag) is { } level ? Percentile(level) : null,
                Quarantine = given.GetValue(quarantine),
                PartRows = given.GetValue(partRows) ?? 100_000,
            }).Run();
        });
        return command;
    }

    private static TableFormat Format(CommandResult given, Option<string?> option, string path, TableFormat otherwise) =>
        given.GetValue(option) is { } name ? TableFormat.Named(name) : TableFormat.Of(path, otherwise);

    private static string? WrongExpression(string where, bool withFlag)
    {
        try
        {
            _ = new RowFilter(where, ScoreColumns.Names(withFlag));
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    private static int? AtLeastOne(ArgumentResult result)
    {
        if (int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out int rows) && rows >= 1)
            return rows;
        result.AddError($"--part-rows is {result.Tokens[0].Value}, expected a number of at least 1.");
        return null;
    }

    // p99.9
    private static double? Percentile(string text) => text.StartsWith('p')
        && double.TryParse(text[1..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)
        && percent is > 0 and < 100 ? percent : null;
}
