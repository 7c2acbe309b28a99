using System.Text;
using CsvHelper;
using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>RFC 4180 with a header line.</summary>
internal sealed class CsvFormat : TableFormat
{
    private static readonly CsvWriterOptions AsWritten = new() { NewLine = "\n" };

    public override string Name => "csv";

    public override bool HasFixedColumns => true;

    public override TableReader Read(Stream stream, string source, string column, bool fixedColumns) =>
        new Reader(stream, source, column);

    public override TableWriter Write(Stream stream, TableLayout layout, bool isFirst) => new Writer(stream, layout, isFirst);

    private sealed class Reader : TableReader
    {
        // A quote that is never closed takes in the rest of the file.
        private const int LongestRecord = 1 << 26;
        private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

        private readonly CsvReader _csv;
        private readonly string _source;
        private readonly int _column;
        private string? _quotes; // What is wrong with those of the current record.

        public Reader(Stream stream, string source, string column) : base(stream)
        {
            _source = source;
            _csv = CsvReader.Create(stream, new CsvReaderOptions
            {
                Separator = ',',
                MalformedData = CsvMalformedDataHandling.Recover,
                OnMalformedRecord = record => _quotes = record.Reason == CsvMalformedReason.UnterminatedQuote
                    ? "has a quote that is never closed" : "has a quote in the wrong place",
                MaxRecordSize = LongestRecord,
                TrackLineNumbers = true,
            });
            string[] headers = Call(() => _csv.Headers.ToArray());
            _column = Array.IndexOf(headers, column);
            if (_column < 0)
            {
                throw headers.Length > 0 ? TableLayout.NoColumn(source, column, headers)
                    : new InvalidDataException($"{source}: is empty. Expected a header line that names the columns.");
            }
            Columns = [.. headers.Select(name => new DataField(name, typeof(string), isNullable: true))];
        }

        public override IReadOnlyList<DataField> Columns { get; }

        public override IEnumerable<InputRow> Rows(long skip)
        {
            for (long row = 0; Call(_csv.Read); row++, _quotes = null)
                if (row >= skip)
                    yield return Current();
        }

        public override void Dispose()
        {
            _csv.Dispose();
            base.Dispose();
        }

        private InputRow Current()
        {
            string? problem = _quotes is not null ? $"{_quotes}. A quote within a field is doubled and its field stands in quotes."
                : _csv.FieldCount != Columns.Count ? $"has {_csv.FieldCount} fields, but the header names {Columns.Count} columns." : null;
            try
            {
                if (problem is null)
                {
                    object?[] cells = [.. Columns.Select((_, i) => Strict.GetString(_csv.GetSpan(i)))];
                    return new(_csv.LineNumber, (string)cells[_column]!, cells);
                }
            }
            catch (DecoderFallbackException e)
            {
                problem = $"has byte 0x{e.BytesUnknown![0]:X2}, which is not UTF-8.";
            }
            return InputRow.Bad(_csv.LineNumber, problem, Encoding.UTF8.GetString(_csv.RawRecord));
        }

        private T Call<T>(Func<T> read)
        {
            try
            {
                return read();
            }
            catch (CsvFormatException e)
            {
                throw new InvalidDataException($"{_source}: the record of line {e.LineNumber} is damaged. {e.Message}", e);
            }
        }
    }

    private sealed class Writer : TableWriter
    {
        private readonly CsvWriter _csv;
        private readonly TableLayout _layout;

        public Writer(Stream stream, TableLayout layout, bool isFirst)
        {
            (_csv, _layout) = (CsvWriter.Create(stream, AsWritten, leaveOpen: true), layout);
            if (!isFirst)
                return;
            foreach (DataField column in layout.Columns)
                _csv.WriteField(column.Name);
            _csv.EndRecord();
        }

        public override void Write(InputRow row, object?[] scores)
        {
            foreach (object? cell in _layout.Cells(row, scores))
                _csv.WriteField(TextOf(cell));
            _csv.EndRecord();
        }

        public override void Dispose() => _csv.Dispose();
    }
}
