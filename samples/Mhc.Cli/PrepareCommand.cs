using System.CommandLine;
using System.Globalization;
using Mhc.Training;

namespace Mhc.Cli;

internal static class PrepareCommand
{
    public static Command Create()
    {
        var inputs = new Argument<string[]>("FILE|DIR")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "Files that end in .txt (a document each), .jsonl, .csv or .parquet (a document a line, record or row), "
                + "and folders of such files.",
        };
        var output = new Option<string>("--out")
        {
            Required = true,
            HelpName = "DIR",
            Description = "Folder for the shards, new or empty. Gets val_000000.bin, train_000001.bin and so on, tokenizer.json and "
                + "manifest.json. When the command was stopped, the same one goes on where it was.",
        };
        var tokenizer = new Option<string>("--tokenizer")
        {
            DefaultValueFactory = _ => "gpt2",
            Description = "How text becomes token ids. gpt2: GPT-2's 50,257. byte: the bytes of UTF-8. char: the characters of the text.",
        };
        tokenizer.AcceptOnlyFromAmong("byte", "char", "gpt2");
        Option<string?> tokenizerFolder = TokenizerFolder();
        var separator = new Option<string?>("--separator")
        {
            Description = "Where the id that separates documents stands, <|endoftext|> with gpt2, the newline otherwise: "
                + "before each document, after each, nowhere. Without this option: nowhere in .txt files, before each document of other formats.",
        };
        separator.AcceptOnlyFromAmong("start", "end", "none");
        var textField = new Option<string>("--text-field", "--text-column")
        {
            HelpName = "NAME",
            DefaultValueFactory = _ => "text",
            Description = "The key or column that holds the text.",
        };
        var shardTokens = new Option<int>("--shard-tokens")
        {
            HelpName = "N",
            DefaultValueFactory = _ => 100_000_000,
            Description = "Tokens in a shard; the last one has what is left.",
        };
        var valTokens = new Option<int?>("--val-tokens")
        {
            HelpName = "N",
            Description = "The first N tokens become the validation shard. Without this option: a tenth of all, at most 1,000,000.",
        };
        var command = new Command("prepare", "Turn much text into shards of tokens that `mhc train` reads without loading them.")
        {
            inputs, output, tokenizer, tokenizerFolder, separator, textField, shardTokens, valTokens,
        };
        command.SetAction(parsed =>
        {
            var options = new PrepareOptions
            {
                Inputs = parsed.GetValue(inputs)!,
                OutputFolder = parsed.GetValue(output)!,
                Tokenizer = Enum.Parse<TokenizerKind>(parsed.GetValue(tokenizer)!, ignoreCase: true),
                TokenizerFolder = parsed.GetValue(tokenizerFolder),
                Separator = parsed.GetValue(separator) is { } place ? Enum.Parse<DocumentSeparator>(place, ignoreCase: true) : null,
                TextField = parsed.GetValue(textField)!,
                ShardTokens = parsed.GetValue(shardTokens),
                ValTokens = parsed.GetValue(valTokens),
            };
            PrepareResult result = ByteProgress.Show(
                show => TokenShards.Prepare(options, progress => show(new(progress.Activity, progress.BytesRead, progress.TotalBytes))));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{options.OutputFolder}: {result.TrainTokens:n0} tokens to train on, "
                + $"{result.ValTokens:n0} for validation, {result.Documents:n0} documents, {result.Shards} shards."));
            Console.WriteLine($"Next: mhc train --data {options.OutputFolder} --out RUN");
        });
        return command;
    }

    public static Option<string?> TokenizerFolder() => new("--tokenizer-folder")
    {
        HelpName = "DIR",
        Description = "Folder with GPT-2's vocab.json and merges.txt. Without this option they are downloaded once.",
    };
}
