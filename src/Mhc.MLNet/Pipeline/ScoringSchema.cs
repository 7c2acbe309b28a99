using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

/// <summary>The input's columns followed by ours.</summary>
internal sealed class ScoringSchema
{
    private readonly OutputColumn[] _columns;

    /// <param name="input">The schema of what is scored.</param>
    /// <param name="options">Which columns to read and to add.</param>
    /// <param name="channels">C of the model; anything where only the input is checked.</param>
    public ScoringSchema(DataViewSchema input, MhcScoringOptions options, int channels)
    {
        Text = TextColumn(input, options.TextColumn);
        Context = options.ContextColumn is { } context ? TextColumn(input, context) : null;
        _columns = options.OutputColumns;
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        foreach (OutputColumn column in _columns)
            builder.AddColumn(options.ColumnPrefix + column.Name, column.Type(channels), SlotNames(column, channels));
        (Input, Output) = (input, builder.ToSchema());
    }

    public DataViewSchema Input { get; }

    public DataViewSchema Output { get; }

    public DataViewSchema.Column Text { get; }

    public DataViewSchema.Column? Context { get; }

    /// <value>The columns that a score is computed from.</value>
    public IEnumerable<DataViewSchema.Column> Sources => Context is { } context ? [Text, context] : [Text];

    /// <summary>Ours behind a column of <see cref="Output"/>; null where it is the input's at the same index.</summary>
    public OutputColumn? Ours(DataViewSchema.Column column) => column.Index < Input.Count ? null : _columns[column.Index - Input.Count];

    public bool AnyOurs(IEnumerable<DataViewSchema.Column> columns) => columns.Any(column => Ours(column) is not null);

    /// <summary>What scores have to be asked for, for these columns.</summary>
    public MhcDetails Details(IEnumerable<DataViewSchema.Column> columns) =>
        columns.Aggregate(MhcDetails.None, (details, column) => details | (Ours(column)?.Details ?? MhcDetails.None));

    public IEnumerable<DataViewSchema.Column> PassedThrough(IEnumerable<DataViewSchema.Column> columns) =>
        columns.Where(column => Ours(column) is null).Select(column => Input[column.Index]);

    /// <summary>Reads what a row is scored by.</summary>
    public Func<MhcText> TextOf(DataViewRow row)
    {
        Func<string> text = Reader(row, Text);
        if (Context is not { } column)
            return () => text();
        Func<string> context = Reader(row, column);
        return () => new MhcText(text(), context());
    }

    private static Func<string> Reader(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = row.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> value = default;
        return () =>
        {
            getter(ref value);
            return value.ToString();
        };
    }

    private static DataViewSchema.Annotations? SlotNames(OutputColumn column, int channels)
    {
        if (column.Type(channels) is not VectorDataViewType { Size: > 0 and var size })
            return null;
        var builder = new DataViewSchema.Annotations.Builder();
        builder.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, size), (ref VBuffer<ReadOnlyMemory<char>> names) =>
            names = new(size, [.. Enumerable.Range(0, size).Select(slot => $"{column.Name}{slot}".AsMemory())]));
        return builder.ToAnnotations();
    }

    private static DataViewSchema.Column TextColumn(DataViewSchema inputSchema, string name)
    {
        // The words of ML.NET's own transformers.
        if (inputSchema.GetColumnOrNull(name) is not DataViewSchema.Column column)
            throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Could not find input column '{name}'");
        if (column.Type != TextDataViewType.Instance)
            throw new ArgumentOutOfRangeException(
                nameof(inputSchema), $"Schema mismatch for input column '{name}': expected String, got {column.Type}");
        return column;
    }
}
