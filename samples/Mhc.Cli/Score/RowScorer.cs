using System.Text.Encodings.Web;
using System.Text.Json;
using Mhc.Cli.Score.Tables;
using Mhc.MLNet;

namespace Mhc.Cli.Score;

/// <summary>Scores rows and writes those that are kept; bad ones are put aside, or stop it.</summary>
/// <param name="onRow">Called for each row that is done.</param>
internal sealed class RowScorer(
    MhcScorer scorer, ScoreColumns columns, RowFilter? filter, TableReader reader, TableLayout layout, ScoreOptions options,
    Action onRow)
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="aside">Where bad rows are written to.</param>
    /// <exception cref="InvalidDataException">A row is bad and no file was named for such.</exception>
    public Totals Score(IEnumerable<InputRow> rows, TableWriter writer, TextWriter aside)
    {
        var totals = new Totals();
        var ahead = new Queue<InputRow>(); // What the scorer has read and not scored yet.
        foreach (MhcScore score in scorer.ScoreLazily(Texts()))
        {
            InputRow row = ahead.Dequeue();
            object?[] scores = columns.Of(score);
            totals.Add(score);
            if (columns.IsAnomaly(score))
                totals.Flagged++;
            if (filter?.Keeps(scores) ?? true)
            {
                writer.Write(row, scores);
                totals.Kept++;
            }
            onRow();
        }
        return totals;

        IEnumerable<string> Texts()
        {
            foreach (InputRow row in rows)
            {
                totals.Rows++;
                if ((row.Problem ?? TakenKey(row)) is { } problem)
                {
                    PutAside(row, problem, aside);
                    totals.Bad++;
                }
                else
                {
                    ahead.Enqueue(row);
                    yield return row.Text!;
                }
            }
        }
    }

    // Of other rows the columns are known before.
    private string? TakenKey(InputRow row) => row.Record is { } record
        && record.EnumerateObject().Select(property => property.Name).FirstOrDefault(layout.IsScore) is { } taken
        ? $"has the key `{taken}`, which is what a score is called." : null;

    private void PutAside(InputRow row, string problem, TextWriter aside)
    {
        if (options.Quarantine is null)
        {
            throw new InvalidDataException($"{options.Source}: {reader.NumberOf} {row.Number} {problem} "
                + "Or put such rows aside with --quarantine FILE.");
        }
        var entry = new Dictionary<string, object?> { [reader.NumberOf] = row.Number, ["reason"] = problem, ["content"] = row.Content ?? row.Record?.GetRawText() };
        aside.Write(JsonSerializer.Serialize(entry, Readable) + "\n");
        onRow();
    }
}
