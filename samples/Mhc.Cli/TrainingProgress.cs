using System.Diagnostics;
using System.Globalization;
using Mhc.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mhc.Cli;

/// <summary>In a terminal a bar under the evaluations; elsewhere plain lines: each evaluation, and now and then in between.</summary>
internal static class TrainingProgress
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10);

    public static TrainingResult Show(Func<Action<TrainingUpdate>, TrainingResult> train) =>
        AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected ? train.WithBar() : train.WithLines();

    private static TrainingResult WithLines(this Func<Action<TrainingUpdate>, TrainingResult> train)
    {
        Stopwatch? sinceLine = null; // Null until the first line, which says where the run stands.
        return train(update =>
        {
            if (update.ValLoss is null && sinceLine?.Elapsed < BetweenLines)
                return;
            Console.WriteLine($"{Losses(update)}{Speed(update)}");
            sinceLine = Stopwatch.StartNew();
        });
    }

    private static TrainingResult WithBar(this Func<Action<TrainingUpdate>, TrainingResult> train)
    {
        var speed = new SpeedColumn();
        ProgressColumn[] columns =
        [
            new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 20 }, new PercentageColumn(), speed,
        ];
        // Where there is little room, numbers before pictures.
        return AnsiConsole.Progress().HideCompleted(false)
            .Columns(AnsiConsole.Profile.Width >= 110 ? columns : [columns[0], columns[3]])
            .Start(context =>
            {
                ProgressTask task = context.AddTask("starting");
                double? valLoss = null;
                return train(update =>
                {
                    if (update.ValLoss is not null)
                        AnsiConsole.WriteLine(Losses(update)); // Stays, above the bar.
                    valLoss = update.ValLoss ?? valLoss;
                    task.MaxValue = Math.Max(1, update.MaxIters);
                    task.Value = update.MaxIters == 0 ? 1 : update.Step;
                    task.Description = Markup.Escape(Losses(update with { ValLoss = valLoss }, "val"));
                    speed.Text = Speed(update);
                });
            });
    }

    private static string Losses(TrainingUpdate update, string validationLabel = "validation loss")
    {
        string loss = double.IsNaN(update.Loss) ? "" : Invariant($"  loss {update.Loss:f4}");
        string validation = update.ValLoss is { } value ? Invariant($"  {validationLabel} {value:f4}") : "";
        return Invariant($"update {update.Step}/{update.MaxIters}{loss}{validation}");
    }

    private static string Speed(TrainingUpdate update) => update.TokensPerSecond == 0 ? ""
        : Invariant($"  {update.TokensPerSecond:n0} tokens/s  {(int)update.Remaining.TotalHours}:{update.Remaining:mm\\:ss} left");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class SpeedColumn : ProgressColumn
    {
        public string Text { get; set; } = "";

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(Text.Trim());
    }
}
