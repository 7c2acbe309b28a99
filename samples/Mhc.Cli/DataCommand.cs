using System.CommandLine;
using System.Globalization;
using Mhc.Training;

namespace Mhc.Cli;

internal static class DataCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME")
        {
            Description = "fineweb10B: 10 billion tokens of web text, tokenized for GPT-2 (kjj0/fineweb10B-gpt2 on huggingface.co).",
        };
        name.AcceptOnlyFromAmong("fineweb10B");
        var shards = new Option<int>("--shards")
        {
            Required = true,
            HelpName = "N",
            Description = $"Training shards, 1 to {FineWeb10B.MostShards}, 100 million tokens and 200 MB each; "
                + "the validation shard comes with them.",
        };
        shards.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > FineWeb10B.MostShards)
                result.AddError($"--shards is {result.Tokens[0].Value}, expected 1 to {FineWeb10B.MostShards}.");
        });
        var output = new Option<string>("--out")
        {
            Required = true,
            HelpName = "DIR",
            Description = "Folder for the shards. What is there already is kept; what broke off goes on.",
        };
        var baseUrl = new Option<Uri>("--base-url")
        {
            HelpName = "URL",
            DefaultValueFactory = _ => FineWeb10B.Hub,
            CustomParser = result =>
            {
                if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https")
                    return url;
                result.AddError($"--base-url is {result.Tokens[0].Value}, expected an address that begins with http:// or https://.");
                return null;
            },
            Description = "Where to download from; a mirror must hold files of the same names.",
        };
        Option<string?> tokenizerFolder = PrepareCommand.TokenizerFolder();
        var command = new Command("data", "Download a public data set for `mhc train`.") { name, shards, output, baseUrl, tokenizerFolder };
        command.SetAction(parsed =>
        {
            string folder = parsed.GetValue(output)!;
            IReadOnlyList<string> notChecked = ByteProgress.Show(show => FineWeb10B.Download(parsed.GetValue(shards), folder,
                parsed.GetValue(baseUrl), parsed.GetValue(tokenizerFolder),
                progress => show(new(progress.File, progress.BytesReceived, progress.TotalBytes))));
            if (notChecked.Count > 0)
            {
                Console.Error.WriteLine($"mhc: warning: the server states no SHA-256 of {string.Join(", ", notChecked)}: "
                    + "only their length was checked.");
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{folder}: {parsed.GetValue(shards) + 1} shards."));
            Console.WriteLine($"Next: mhc train --data {folder} --out RUN");
        });
        return command;
    }
}
