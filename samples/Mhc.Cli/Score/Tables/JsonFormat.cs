using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>A JSON object a line.</summary>
internal sealed class JsonFormat : TableFormat
{
    public override string Name => "jsonl";

    public override TableReader Read(Stream stream, string source, string column, bool fixedColumns) =>
        new JsonRows(stream, source, column, fixedColumns);

    public override TableWriter Write(Stream stream, TableLayout layout, bool isFirst) => new Writer(stream, layout);

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
                    {
                        json.WritePropertyName(property.Name);
                        // As it stands there, to the last digit and escape.
                        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(property.Value), skipInputValidation: true);
                    }
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
