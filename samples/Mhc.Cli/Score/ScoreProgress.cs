using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Mhc.Cli.Score;

/// <summary>Rows, rows a second and the time that is left: a bar in a terminal, now and then a line elsewhere.</summary>
internal sealed class ScoreProgress
{
    private readonly Stopwatch _watch = Stopwatch.StartNew(), _sinceShown = Stopwatch.StartNew();
    private readonly Action<string, double?> _show;
    private readonly TimeSpan _every;
    private double? _doneBefore;

    private ScoreProgress(Action<string, double?> show, TimeSpan every) => (_show, _every) = (show, every);

    /// <summary>Rows that were done now, not in an earlier run.</summary>
    public long Rows { get; private set; }

    public TimeSpan Elapsed => _watch.Elapsed;

    /// <summary>Does the work with nothing shown.</summary>
    public static void Hide(Action<ScoreProgress> work) => work(new((_, _) => { }, TimeSpan.MaxValue));

    public static void Show(Action<ScoreProgress> work)
    {
        if (!AnsiConsole.Profile.Capabilities.Interactive || Console.IsOutputRedirected)
        {
            work(new((text, _) => Console.WriteLine(text), TimeSpan.FromSeconds(10)));
            return;
        }
        AnsiConsole.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn { Width = 30 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context =>
            {
                ProgressTask task = context.AddTask("opening", maxValue: 1);
                work(new((text, done) =>
                {
                    task.Description = Markup.Escape(text);
                    task.IsIndeterminate = done is null;
                    task.Value = done ?? 0;
                }, TimeSpan.FromSeconds(0.2)));
            });
    }

    /// <summary>The work begins, maybe in the middle.</summary>
    public void Start(double? done)
    {
        _doneBefore = done;
        _watch.Restart();
    }

    /// <param name="done">How much of all is done, 0 to 1; null where it cannot be told.</param>
    public void Row(Func<double?> done)
    {
        Rows++;
        if (_sinceShown.Elapsed < _every)
            return;
        _sinceShown.Restart();
        _show(Describe(done()), done());
    }

    private string Describe(double? done)
    {
        string speed = string.Create(CultureInfo.InvariantCulture, $"{Rows:n0} rows, {Rows / Elapsed.TotalSeconds:n0} rows/s");
        if (done is not { } part || part - (_doneBefore ?? 0) <= 0)
            return speed;
        TimeSpan left = Elapsed * (Math.Max(0, 1 - part) / (part - (_doneBefore ?? 0)));
        return string.Create(CultureInfo.InvariantCulture, $"{speed}, {(int)left.TotalHours}:{left:mm\\:ss} left");
    }
}
