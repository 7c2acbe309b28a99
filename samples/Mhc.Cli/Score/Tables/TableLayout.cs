using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>The columns of what is written: those of the input, with the scores among them or behind them.</summary>
internal sealed class TableLayout
{
    private readonly int _scoresAt;

    /// <exception cref="InvalidDataException">Two columns have one name.</exception>
    public TableLayout(TableReader reader, IReadOnlyList<DataField> scores, string source)
    {
        (_scoresAt, Scores) = (reader.ScoresAt, scores);
        Columns = [.. reader.Columns.Take(_scoresAt), .. scores, .. reader.Columns.Skip(_scoresAt)];
        if (reader.Columns.GroupBy(column => column.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidDataException($"{source}: has more than one column `{twice.Key}`. Rename one of them.");
        if (reader.Columns.FirstOrDefault(column => IsScore(column.Name)) is { } taken)
            throw Taken(source, taken.Name);
    }

    public IReadOnlyList<DataField> Scores { get; }

    public IReadOnlyList<DataField> Columns { get; }

    public bool IsScore(string name) => Scores.Any(score => score.Name == name);

    /// <summary>A value for each of <see cref="Columns"/>.</summary>
    public IEnumerable<object?> Cells(InputRow row, object?[] scores) =>
        row.Cells.Take(_scoresAt).Concat(scores).Concat(row.Cells.Skip(_scoresAt));

    public static InvalidDataException Taken(string source, string name) =>
        new($"{source}: has a column `{name}` already, which is what a score is called. Rename or remove it.");

    public static InvalidDataException NoColumn(string source, string name, IEnumerable<string> found) =>
        new($"{source}: has no column `{name}`, only {string.Join(", ", found.Select(column => $"`{column}`"))}. "
            + "Name the one that holds the text with --column.");
}
