using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>A JSON object a line.</summary>
internal sealed class JsonFormat : TableFormat
{
    public override string Name => "jsonl";

    public override TableReader Read(Stream stream, string source, string column, bool fixedColumns) =>
        new Reader(stream, source, column, fixedColumns);

    public override TableWriter Write(Stream stream, TableLayout layout, bool isFirst) => new Writer(stream, layout);

    private sealed class Reader : TableReader
    {
        private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

        private readonly IEnumerator<(long Number, byte[] Line)> _lines;
        private readonly List<(long Number, byte[] Line)> _begin = []; // What was read to know the columns.
        private readonly string _column;
        private readonly bool _fixedColumns;

        /// <remarks>The first object tells the columns.</remarks>
        public Reader(Stream stream, string source, string column, bool fixedColumns) : base(stream)
        {
            (_column, _fixedColumns) = (column, fixedColumns);
            _lines = Lines(stream).GetEnumerator();
            JsonElement first = default;
            while (first.ValueKind != JsonValueKind.Object && _lines.MoveNext())
            {
                _begin.Add(_lines.Current);
                Parse(_lines.Current.Line, out first);
            }
            if (first.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException(_begin.Count == 0 ? $"{source}: is empty. Expected a JSON object a line."
                    : $"{source}: line {_begin[0].Number} {Parse(_begin[0].Line, out _)} None of the lines is a JSON object.");
            }
            string[] keys = [.. Keys(first)];
            if (!keys.Contains(column))
                throw TableLayout.NoColumn(source, column, keys);
            Columns = [.. keys.Select(key => new DataField(key, typeof(string), isNullable: true))];
        }

        public override IReadOnlyList<DataField> Columns { get; }

        public override IEnumerable<InputRow> Rows(long skip)
        {
            long row = 0;
            foreach ((long number, byte[] line) in _begin.Concat(Rest()))
                if (row++ >= skip)
                    yield return Row(number, line);
        }

        private IEnumerable<(long, byte[])> Rest()
        {
            while (_lines.MoveNext())
                yield return _lines.Current;
        }

        private static IEnumerable<(long, byte[])> Lines(Stream stream)
        {
            long number = 0;
            foreach (ReadOnlyMemory<byte> line in TextLines.Bytes(stream))
            {
                number++;
                if (!line.Span.Trim(" \t"u8).IsEmpty)
                    yield return (number, line.ToArray());
            }
        }

        private InputRow Row(long number, byte[] line)
        {
            string? problem = Parse(line, out JsonElement json);
            if (problem is null && (!json.TryGetProperty(_column, out JsonElement text) || text.ValueKind != JsonValueKind.String))
                problem = $"has no string `{_column}`.";
            if (problem is null && _fixedColumns && Keys(json).Except(Columns.Select(column => column.Name)).FirstOrDefault() is { } unknown)
                problem = $"has the key `{unknown}`, which the first line lacks. Write .jsonl, where each row has its own keys.";
            if (problem is null)
            {
                object?[] cells = [.. Columns.Select(column => json.TryGetProperty(column.Name, out JsonElement value) ? (object)value : null)];
                try
                {
                    return new(number, json.GetProperty(_column).GetString(), cells) { Record = json };
                }
                catch (InvalidOperationException) // What the reader says of a string that is no Unicode.
                {
                    problem = $"has a `{_column}` that is not UTF-8.";
                }
            }
            return InputRow.Bad(number, problem, Encoding.UTF8.GetString(line));
        }

        private static IEnumerable<string> Keys(JsonElement json) => json.EnumerateObject().Select(property => property.Name);

        private static string? Parse(byte[] line, out JsonElement json)
        {
            json = default;
            try
            {
                json = JsonElement.Parse(line, Strict);
                return json.ValueKind == JsonValueKind.Object ? null : "is no JSON object.";
            }
            catch (JsonException e)
            {
                return e.BytePositionInLine is { } position ? $"is not valid JSON at byte {position + 1}." : "has a key twice.";
            }
        }
    }

    private sealed class Writer(Stream stream, TableLayout layout) : TableWriter
    {
        private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        private readonly ArrayBufferWriter<byte> _line = new();
        private readonly BufferedStream _output = new(stream, 1 << 16);

        public override void Write(InputRow row, object?[] scores)
        {
            _line.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(_line, Readable))
            {
                json.WriteStartObject();
                if (row.Record is { } record)
                {
                    foreach (JsonProperty property in record.EnumerateObject())
                        property.WriteTo(json);
                    Write(json, layout.Scores, scores);
                }
                else
                {
                    Write(json, layout.Columns, layout.Cells(row, scores));
                }
                json.WriteEndObject();
            }
            _output.Write(_line.WrittenSpan);
            _output.WriteByte((byte)'\n');
        }

        public override void Dispose() => _output.Flush(); // The stream below stays open.

        private static void Write(Utf8JsonWriter json, IEnumerable<DataField> columns, IEnumerable<object?> cells)
        {
            foreach ((DataField column, object? cell) in columns.Zip(cells))
            {
                json.WritePropertyName(column.Name);
                if (cell is null or double.NaN or float.NaN)
                    json.WriteNullValue(); // JSON has no NaN.
                else
                    JsonSerializer.Serialize(json, cell, cell.GetType());
            }
        }
    }
}
