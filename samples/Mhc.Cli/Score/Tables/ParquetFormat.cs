using Parquet;
using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>Parquet, read and written by row group.</summary>
internal sealed class ParquetFormat : TableFormat
{
    // What a row group of the result has at most: rows, and characters of their texts.
    private const int MostRows = 1 << 16, MostCharacters = 1 << 25;

    public override string Name => "parquet";

    public override bool HasFixedColumns => true;

    public override bool CanStream => false;

    public override TableReader Read(Stream stream, string source, string column, bool fixedColumns) =>
        new ParquetRows(stream, source, column);

    public override TableWriter Write(Stream stream, TableLayout layout, bool isFirst) => new Writer(stream, layout);

    public override void Join(IEnumerable<string> parts, TableLayout layout, Stream output)
    {
        using var writer = new GroupWriter(output, layout.Columns);
        foreach (string part in parts)
        {
            using var file = new ParquetFile(File.OpenRead(part), part);
            for (int group = 0; group < file.GroupCount; group++)
                writer.Write([.. layout.Columns.Select(column => file.ReadColumn(group, file.Column(column.Name)!))]);
        }
    }

    private sealed class Writer(Stream stream, TableLayout layout) : TableWriter
    {
        private readonly GroupWriter _writer = new(stream, layout.Columns);
        private readonly List<object?[]> _rows = [];
        private long _characters;

        public override void Write(InputRow row, object?[] scores)
        {
            _rows.Add([.. layout.Cells(row, scores).Select((cell, i) => ParquetColumn.Fit(cell, layout.Columns[i], TextOf))]);
            _characters += row.Text!.Length;
            if (_rows.Count == MostRows || _characters >= MostCharacters)
                Flush();
        }

        public override void Dispose()
        {
            if (_rows.Count > 0)
                Flush();
            _writer.Dispose();
        }

        private void Flush()
        {
            _writer.Write([.. layout.Columns.Select((_, i) => _rows.ConvertAll(row => row[i]))]);
            _rows.Clear();
            _characters = 0;
        }
    }

    private sealed class GroupWriter(Stream stream, IReadOnlyList<DataField> columns) : IDisposable
    {
        private readonly ParquetWriter _writer =
            ParquetWriter.CreateAsync(new ParquetSchema(columns), stream).GetAwaiter().GetResult();

        /// <param name="cells">The values of each column.</param>
        public void Write(IReadOnlyList<IReadOnlyList<object?>> cells)
        {
            using ParquetRowGroupWriter group = _writer.CreateRowGroup();
            foreach ((DataField column, IReadOnlyList<object?> values) in columns.Zip(cells))
                ParquetColumn.Of(column).Write(group, values).GetAwaiter().GetResult();
        }

        public void Dispose() => _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
