using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

/// <summary>The input's columns followed by ours.</summary>
internal sealed class ScoringSchema
{
    private readonly int _inputCount;

    public ScoringSchema(DataViewSchema input, MhcScoringOptions options)
    {
        Text = TextColumn(input, options.TextColumn);
        _inputCount = input.Count;
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        foreach ((string name, DataViewType type) in OutputColumns.All)
            builder.AddColumn(options.ColumnPrefix + name, type);
        (Input, Output) = (input, builder.ToSchema());
    }

    public DataViewSchema Input { get; }

    public DataViewSchema Output { get; }

    public DataViewSchema.Column Text { get; }

    /// <summary>Whether a column of <see cref="Output"/> is ours, and which; otherwise it is the input's at the same index.</summary>
    public bool IsOurs(DataViewSchema.Column column, out int ours)
    {
        ours = column.Index - _inputCount;
        return ours >= 0;
    }

    public bool AnyOurs(IEnumerable<DataViewSchema.Column> columns) => columns.Any(column => IsOurs(column, out _));

    public IEnumerable<DataViewSchema.Column> PassedThrough(IEnumerable<DataViewSchema.Column> columns) =>
        columns.Where(column => !IsOurs(column, out _)).Select(column => Input[column.Index]);

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
