using System.Text;
using System.Text.Json;
using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>The objects of a file of JSON lines. The first one tells the columns.</summary>
internal sealed class JsonRows : TableReader
{
    private const int MostBadLines = 1000; // At the beginning.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly IEnumerator<(long Number, byte[] Line)> _lines;
    private readonly List<(long Number, byte[] Line)> _begin = []; // What was read to know the columns.
    private readonly string _column;
    private readonly string[] _keys;
    private readonly bool _fixedColumns;

    public JsonRows(Stream stream, string source, string column, bool fixedColumns) : base(stream)
    {
        (_column, _fixedColumns) = (column, fixedColumns);
        _lines = Lines(stream).GetEnumerator();
        JsonElement first = default;
        while (first.ValueKind != JsonValueKind.Object && _begin.Count < MostBadLines && _lines.MoveNext())
        {
            _begin.Add(_lines.Current);
            Parse(_lines.Current.Line, out first);
        }
        if (first.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException(_begin.Count == 0 ? $"{source}: is empty. Expected a JSON object a line."
                : $"{source}: line {_begin[0].Number} {Parse(_begin[0].Line, out _)} "
                    + $"No line up to line {_begin[^1].Number} is a JSON object.");
        }
        _keys = [.. Keys(first)];
        if (!_keys.Contains(column))
            throw TableLayout.NoColumn(source, column, _keys);
        Columns = [.. _keys.Select(key => new DataField(key, typeof(string), isNullable: true))];
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
        try
        {
            problem ??= Problem(json);
            if (problem is null)
                return new(number, json.GetProperty(_column).GetString(), _fixedColumns ? Cells(json) : []) { Record = json };
        }
        catch (InvalidOperationException) // What the reader says of a string that is no Unicode.
        {
            problem = "has a string that is not UTF-8.";
        }
        return InputRow.Bad(number, problem, Encoding.UTF8.GetString(line));
    }

    private string? Problem(JsonElement json)
    {
        string[] keys = [.. Keys(json)];
        return !json.TryGetProperty(_column, out JsonElement text) || text.ValueKind != JsonValueKind.String
            ? $"has no string `{_column}`."
            : _fixedColumns && keys.Except(_keys).FirstOrDefault() is { } unknown
            ? $"has the key `{unknown}`, which the first line lacks. Write .jsonl, where each row has its own keys." : null;
    }

    private object?[] Cells(JsonElement json) => [.. _keys.Select(key => !json.TryGetProperty(key, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : (object)value)];

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
