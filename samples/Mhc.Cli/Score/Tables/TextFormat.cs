using System.Text;
using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>UTF-8 text, a text a line. Written, it holds the texts alone.</summary>
internal sealed class TextFormat : TableFormat
{
    public override string Name => "txt";

    public override bool HasColumns => false;

    public override TableReader Read(Stream stream, string source, string column, bool fixedColumns) => new Reader(stream);

    public override TableWriter Write(Stream stream, TableLayout layout, bool isFirst) => new Writer(stream);

    private sealed class Reader(Stream stream) : TableReader(stream)
    {
        private readonly Stream _stream = stream;

        public override IReadOnlyList<DataField> Columns { get; } =
            [new DataField<long>("Line"), new DataField("Text", typeof(string), isNullable: true)];

        // The text comes last: its length differs from row to row.
        public override int ScoresAt => 1;

        public override IEnumerable<InputRow> Rows(long skip)
        {
            long number = 0;
            foreach (ReadOnlyMemory<byte> line in TextLines.Bytes(_stream))
            {
                if (++number <= skip)
                    continue;
                yield return TextLines.Problem(line.Span, out string text) is { } problem
                    ? InputRow.Bad(number, problem, Encoding.UTF8.GetString(line.Span))
                    : new(number, text, [number, text]);
            }
        }
    }

    private sealed class Writer(Stream stream) : TableWriter
    {
        private readonly StreamWriter _writer = new(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };

        public override void Write(InputRow row, object?[] scores)
        {
            if (row.Text.AsSpan().ContainsAny('\r', '\n'))
            {
                throw new InvalidDataException($"The text of row {row.Number} has a line break, which a .txt file cannot hold. "
                    + "Write .csv, .jsonl or .parquet instead.");
            }
            _writer.WriteLine(row.Text);
        }

        public override void Dispose() => _writer.Dispose();
    }
}
