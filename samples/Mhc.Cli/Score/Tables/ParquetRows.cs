using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>The rows of a Parquet file; one row group is in memory at a time.</summary>
internal sealed class ParquetRows : TableReader
{
    private readonly ParquetFile _file;
    private readonly int _column;
    private readonly long _totalRows;
    private long _row;

    public ParquetRows(Stream stream, string source, string column) : base(stream)
    {
        _file = new(stream, source);
        Columns = _file.Columns;
        _column = _file.Columns.ToList().FindIndex(field => field.Name == column);
        if (_column < 0)
            throw TableLayout.NoColumn(source, column, Columns.Select(field => field.Name));
        if (Columns[_column].ClrType != typeof(ReadOnlyMemory<char>))
            throw new InvalidDataException($"{source}: the column `{column}` is of {Columns[_column].ClrType.Name}, expected strings.");
        if (_file.Nested.Count > 0)
        {
            Console.Error.WriteLine($"mhc: warning: {source}: not passed on, as it is no single value a row: "
                + $"{string.Join(", ", _file.Nested.Select(name => $"`{name}`"))}.");
        }
        _totalRows = Enumerable.Range(0, _file.GroupCount).Sum(_file.RowCount);
    }

    public override string NumberOf => "row";

    public override IReadOnlyList<DataField> Columns { get; }

    public override double? Done => (double)_row / Math.Max(1, _totalRows);

    public override IEnumerable<InputRow> Rows(long skip)
    {
        for (int group = 0; group < _file.GroupCount; group++)
        {
            long count = _file.RowCount(group);
            if (_row + count <= skip)
            {
                _row += count;
                continue;
            }
            object?[][] columns = [.. Columns.Select(column => _file.ReadColumn(group, column))];
            for (int i = 0; i < count; i++)
            {
                if (++_row <= skip)
                    continue;
                object?[] cells = [.. columns.Select(column => column[i])];
                yield return cells[_column] is string text ? new(_row, text, cells)
                    : InputRow.Bad(_row, $"has no text in `{Columns[_column].Name}`.", content: null);
            }
        }
    }

    public override void Dispose()
    {
        _file.Dispose();
        base.Dispose();
    }
}
