using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Mhc.Cli;

/// <summary>Work on bytes: a bar in a terminal, plain lines elsewhere.</summary>
internal static class ByteProgress
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(10);

    public readonly record struct Update(string Activity, long Bytes, long TotalBytes);

    public static T Show<T>(Func<Action<Update>, T> work)
    {
        if (!AnsiConsole.Profile.Capabilities.Interactive || Console.IsOutputRedirected)
            return work(Lines());
        return AnsiConsole.Progress().HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new DownloadedColumn(),
                new TransferSpeedColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask("starting");
                return work(update =>
                {
                    task.Description = Markup.Escape(update.Activity);
                    task.MaxValue = Math.Max(1, update.TotalBytes);
                    task.Value = update.Bytes;
                });
            });
    }

    private static Action<Update> Lines()
    {
        var sinceLine = Stopwatch.StartNew();
        return update =>
        {
            if (sinceLine.Elapsed < LineEvery)
                return;
            sinceLine.Restart();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{update.Activity}: {update.Bytes / 1e6:n0} of {update.TotalBytes / 1e6:n0} MB"));
        };
    }
}
