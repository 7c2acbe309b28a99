using System.CommandLine;
using System.Text;
using Mhc.Training;

namespace Mhc.Cli;

internal static class GenerateCommand
{
    private const string Separator = "---------------";

    public static Command Create()
    {
        var defaults = new GenerationOptions();
        var checkpoint = new Option<string>("--checkpoint")
        {
            Required = true,
            HelpName = "CKPT",
            Description = "Checkpoint folder with a tokenizer, such as RUN/best.",
        };
        var prompt = new Option<string?>("--prompt")
        {
            HelpName = "TEXT",
            Description = "Text to continue, printed before what follows. Without it the text starts as a line does.",
        };
        var maxTokens = new Option<int>("--max-tokens")
        {
            HelpName = "N",
            DefaultValueFactory = _ => defaults.MaxTokens,
            Description = "The most tokens to draw for each text.",
        };
        var temperature = new Option<double>("--temperature")
        {
            HelpName = "X",
            DefaultValueFactory = _ => defaults.Temperature,
            Description = "Below 1 prefers what is likely, above 1 what is not; 0 takes the likeliest token always.",
        };
        var topK = new Option<int?>("--top-k") { HelpName = "K", Description = "Draw from the K likeliest tokens; from all without it." };
        var topP = new Option<double>("--top-p")
        {
            HelpName = "P",
            DefaultValueFactory = _ => defaults.TopP,
            Description = "Draw from the fewest tokens whose probabilities sum to at least P; 1 draws from all.",
        };
        var seed = new Option<int>("--seed")
        {
            HelpName = "N",
            DefaultValueFactory = _ => defaults.Seed,
            Description = "The same seed gives the same text.",
        };
        var stop = new Option<string?>("--stop")
        {
            HelpName = "TEXT",
            Description = "End the text before the first place where it has this.",
        };
        var samples = new Option<int>("--samples")
        {
            HelpName = "N",
            DefaultValueFactory = _ => 1,
            Description = $"How many texts to draw, with a line {Separator} between two.",
        };
        var command = new Command("generate",
            "Continue a text with a trained model. Goes to standard output as it is drawn; Ctrl-C ends it.")
        {
            checkpoint, prompt, maxTokens, temperature, topK, topP, seed, stop, samples,
        };
        command.SetAction(parsed => Run(parsed.GetValue(checkpoint)!, parsed.GetValue(prompt) ?? "", parsed.GetValue(samples), new()
        {
            MaxTokens = parsed.GetValue(maxTokens),
            Temperature = parsed.GetValue(temperature),
            TopK = parsed.GetValue(topK),
            TopP = parsed.GetValue(topP),
            Seed = parsed.GetValue(seed),
            Stop = parsed.GetValue(stop),
        }));
        return command;
    }

    private static void Run(string checkpoint, string prompt, int samples, GenerationOptions options)
    {
        options.Validate(); // Before the model is read.
        if (samples < 1)
            throw new ArgumentException($"`samples` is {samples}, expected at least 1.");
        using TextGenerator generator = TextGenerator.Load(checkpoint);
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        bool cancelled = false;
        Console.CancelKeyPress += (_, e) => (e.Cancel, cancelled) = (!cancelled, true); // A second Ctrl-C does not wait for the next token.
        for (int sample = 0; sample < samples && !cancelled; sample++)
        {
            if (sample > 0)
                output.WriteLine(Separator);
            output.Write(prompt);
            foreach (string piece in generator.Generate(prompt, options, sample, sample == 0 ? Warn : null))
            {
                output.Write(piece);
                if (cancelled)
                    break;
            }
            output.WriteLine();
        }
    }

    private static void Warn(string warning) => Console.Error.WriteLine($"mhc: warning: {warning}");
}
