using System.Globalization;
using Mhc.Training;
using Spectre.Console;

namespace Mhc.Cli;

/// <summary>A bar in a terminal, plain lines elsewhere.</summary>
internal static class TrainingProgress
{
    private const int LinesEvery = 50;

    public static TrainingResult Show(Func<Action<TrainingUpdate>, TrainingResult> train)
    {
        if (!AnsiConsole.Profile.Capabilities.Interactive || Console.IsOutputRedirected)
        {
            bool isFirst = true; // Where the run stands, if it is resumed.
            return train(update =>
            {
                WriteLine(update, always: isFirst);
                isFirst = false;
            });
        }
        return AnsiConsole.Progress().HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask("starting");
                double? valLoss = null;
                return train(update =>
                {
                    valLoss = update.ValLoss ?? valLoss;
                    task.MaxValue = Math.Max(1, update.MaxIters);
                    task.Value = update.MaxIters == 0 ? 1 : update.Step;
                    task.Description = Markup.Escape(Describe(update with { ValLoss = valLoss }));
                });
            });
    }

    private static void WriteLine(TrainingUpdate update, bool always)
    {
        if (always || update.ValLoss is not null || update.Step % LinesEvery == 0)
            Console.WriteLine(Describe(update));
    }

    private static string Describe(TrainingUpdate update)
    {
        string numbers = double.IsNaN(update.Loss) ? "" : Numbers(update);
        string validation = update.ValLoss is { } loss ? Validation(loss) : "";
        FormattableString text = $"update {update.Step}/{update.MaxIters}{numbers}{validation}";
        return text.ToString(CultureInfo.InvariantCulture);
    }

    private static string Numbers(TrainingUpdate update) =>
        string.Create(CultureInfo.InvariantCulture,
            $"  loss {update.Loss:f4}  {update.TokensPerSecond:n0} tokens/s  "
            + $"{(int)update.Remaining.TotalHours}:{update.Remaining:mm\\:ss} left");

    private static string Validation(double loss) => string.Create(CultureInfo.InvariantCulture, $"  validation loss {loss:f4}");
}
