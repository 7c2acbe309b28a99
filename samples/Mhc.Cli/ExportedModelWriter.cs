using System.Text;
using Mhc.MLNet;
using Mhc.Training;

namespace Mhc.Cli;

/// <summary>
/// <c>mhc generate --model</c>: all samples are drawn together; the first is shown as it is drawn, the others in their turn.
/// </summary>
internal static class ExportedModelWriter
{
    public static void Write(string model, string prompt, int samples, GenerationOptions options, double repetitionPenalty)
    {
        using var generator = new MhcGenerator(model);
        if (generator.CountUnknown(prompt) is > 0 and int unknown)
        {
            Console.Error.WriteLine(
                $"mhc: warning: the prompt holds {unknown} characters that the model's vocabulary lacks. They are left out.");
        }
        using var cancellation = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        };
        try
        {
            Write(generator, prompt, samples, Translate(options, repetitionPenalty), cancellation.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine();
        }
    }

    private static async Task Write(
        MhcGenerator generator, string prompt, int samples, MhcGenerationOptions options, CancellationToken cancellation)
    {
        await using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        StringBuilder[] waiting = [.. Enumerable.Range(0, samples).Select(_ => new StringBuilder(prompt))];
        var reasons = new MhcStopReason?[samples];
        int shown = 0;
        await output.WriteAsync(waiting[0].ToString());
        waiting[0].Clear();
        await foreach (MhcGeneratedPiece piece in generator.StreamAsync([.. Enumerable.Repeat(prompt, samples)], options, cancellation))
        {
            reasons[piece.Prompt] = piece.StopReason;
            waiting[piece.Prompt].Append(piece.Text);
            while (shown < samples)
            {
                await output.WriteAsync(waiting[shown].ToString());
                waiting[shown].Clear();
                if (reasons[shown] is null)
                    break;
                await output.WriteLineAsync(++shown < samples ? $"\n{GenerateCommand.Separator}" : "");
            }
        }
        if (reasons.Contains(MhcStopReason.ContextFull))
            Console.Error.WriteLine($"mhc: the context of {generator.Model.ContextLength} tokens is full, which ended the text. "
                + "`mhc generate --checkpoint` goes on from the last tokens.");
    }

    private static MhcGenerationOptions Translate(GenerationOptions options, double repetitionPenalty) => new()
    {
        MaxTokens = options.MaxTokens,
        Temperature = options.Temperature,
        TopK = options.TopK,
        TopP = options.TopP,
        RepetitionPenalty = repetitionPenalty,
        StopTexts = options.Stop is null ? [] : [options.Stop],
        Seed = options.Seed,
    };
}
