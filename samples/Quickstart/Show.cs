using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mhc.Onnx;
using Mhc.Training;
using Spectre.Console;

namespace Quickstart;

/// <summary>What the pipeline says of a line.</summary>
public sealed class ScoredLine
{
    public string Text { get; set; } = "";

    public bool IsOdd { get; set; }

    public bool IsAnomaly { get; set; }

    public float BitsPerByte { get; set; }

    public float[] TokenLogProbs { get; set; } = [];
}

/// <summary>What the quickstart prints.</summary>
internal static class Show
{
    // Natural-log probabilities below which a character is called unlikely and very unlikely: 1 in 20 and 1 in 400.
    private const float Unlikely = -3, VeryUnlikely = -6;

    public static TrainingResult Progress(Func<Action<TrainingUpdate>, TrainingResult> train) => AnsiConsole.Progress()
        .Columns(
            new TaskDescriptionColumn { Alignment = Justify.Left },
            new ProgressBarColumn(),
            new PercentageColumn(),
            new RemainingTimeColumn())
        .Start(context =>
        {
            ProgressTask task = context.AddTask("training");
            return train(update =>
            {
                (task.MaxValue, task.Value) = (update.MaxIters, update.Step);
                task.Description = string.Create(CultureInfo.InvariantCulture, $"training, loss {update.Loss:f3}");
            });
        });

    public static void Strangest(IEnumerable<ScoredLine> lines)
    {
        Table table = new Table().Title("The strangest lines").AddColumns("bits/byte", "odd", "line, its unlikely characters coloured");
        foreach (ScoredLine line in lines)
            table.AddRow(line.BitsPerByte.ToString("f2", CultureInfo.InvariantCulture), line.IsOdd ? "yes" : "", Colour(line));
        AnsiConsole.Write(table);
    }

    public static void Quality(double auc, IReadOnlyCollection<ScoredLine> judged)
    {
        int odd = judged.Count(line => line.IsOdd),
            flagged = judged.Count(line => line.IsAnomaly),
            right = judged.Count(line => line.IsAnomaly && line.IsOdd);
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture,
            $"[bold]ROC-AUC {auc:f3}[/] over {judged.Count:n0} lines, {odd} of them odd.");
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture,
            $"Stranger than 99 of 100 ordinary lines: {right} odd ones and {flagged - right} ordinary ones.");
    }

    public static void HRes(IReadOnlyList<HMatrices> matrices)
    {
        HMatrices h = matrices[matrices.Count / 2];
        Table table = new Table().Title($"H_res of {h.Sublayer}").AddColumn("from \\ to");
        table.AddColumns([.. Enumerable.Range(0, h.Streams).Select(to => $"{to}")]);
        foreach ((int from, IReadOnlyList<double> row) in h.HRes.Index())
            table.AddRow([$"{from}", .. row.Select(value => value.ToString("f4", CultureInfo.InvariantCulture))]);
        AnsiConsole.Write(table);
    }

    public static void Artefacts(params (string What, string Path)[] artefacts)
    {
        foreach ((string what, string path) in artefacts)
            Console.WriteLine($"{what,-16}{Path.GetRelativePath(Environment.CurrentDirectory, path)}"); // unwrapped, to be copied
    }

    // The model's tokens are bytes; a character is as unlikely as its least likely byte.
    private static string Colour(ScoredLine line)
    {
        var markup = new StringBuilder();
        int token = 0;
        foreach (Rune rune in line.Text.EnumerateRunes())
        {
            float logProb = line.TokenLogProbs.AsSpan(token, rune.Utf8SequenceLength).ToArray().Min();
            token += rune.Utf8SequenceLength;
            string escaped = Markup.Escape(rune.ToString());
            markup.Append(logProb < VeryUnlikely ? $"[black on red]{escaped}[/]"
                : logProb < Unlikely ? $"[black on yellow]{escaped}[/]"
                : escaped);
        }
        return markup.ToString();
    }
}

/// <summary>How long each stage took.</summary>
internal sealed class Stages
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly List<string> _done = [];

    public void Done(string stage)
    {
        _done.Add(string.Create(CultureInfo.InvariantCulture, $"{stage} {_watch.Elapsed.TotalSeconds:f1} s"));
        _watch.Restart();
    }

    public void Print() => Console.WriteLine($"Time: {string.Join(", ", _done)}.");
}
