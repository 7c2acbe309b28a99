using System.CommandLine;
using System.Text;
using Mhc.Training;

namespace Mhc.Cli;

internal static class GenerateCommand
{
    public const string Separator = "---------------";

    public static Command Create()
    {
        var defaults = new GenerationOptions();
        var checkpoint = new Option<string?>("--checkpoint")
        {
            HelpName = "CKPT",
            Description = "Checkpoint folder with a tokenizer, such as RUN/best. Either this or --model.",
        };
        var model = new Option<string?>("--model")
        {
            HelpName = "M.onnx",
            Description = "A model that `mhc export --outputs decoder` wrote: faster, but a text ends where the context is full.",
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
        var repetitionPenalty = new Option<double>("--repetition-penalty")
        {
            HelpName = "X",
            DefaultValueFactory = _ => 1,
            Description = "Above 1 makes what is there already less likely. With --model alone.",
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
            "Continue a text with a trained or an exported model. Goes to standard output as it is drawn; Ctrl-C ends it.")
        {
            checkpoint, model, prompt, maxTokens, temperature, topK, topP, repetitionPenalty, seed, stop, samples,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(checkpoint) is null == result.GetResult(model) is null)
                result.AddError("Either --checkpoint or --model is required.");
            else if (result.GetResult(model) is null && result.GetResult(repetitionPenalty) is { Implicit: false })
                result.AddError("--repetition-penalty needs --model.");
        });
        command.SetAction(parsed =>
        {
            var options = new GenerationOptions
            {
                MaxTokens = parsed.GetValue(maxTokens),
                Temperature = parsed.GetValue(temperature),
                TopK = parsed.GetValue(topK),
                TopP = parsed.GetValue(topP),
                Seed = parsed.GetValue(seed),
                Stop = parsed.GetValue(stop),
            };
            options.Validate(); // Before the model is read.
            if (parsed.GetValue(samples) < 1)
                throw new ArgumentException($"`samples` is {parsed.GetValue(samples)}, expected at least 1.");
            string text = parsed.GetValue(prompt) ?? "";
            if (parsed.GetValue(model) is string onnx)
                ExportedModelWriter.Write(onnx, text, parsed.GetValue(samples), options, parsed.GetValue(repetitionPenalty));
            else
                Run(parsed.GetValue(checkpoint)!, text, parsed.GetValue(samples), options);
        });
        return command;
    }

    private static void Run(string checkpoint, string prompt, int samples, GenerationOptions options)
    {
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
