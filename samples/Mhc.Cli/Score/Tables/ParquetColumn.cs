using Parquet;
using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>A column of one type, whatever that is, as objects. Text is strings, bytes are arrays.</summary>
internal abstract class ParquetColumn
{
    public static ParquetColumn Of(DataField field) =>
        (ParquetColumn)Activator.CreateInstance(typeof(Typed<>).MakeGenericType(field.ClrType), field)!;

    public abstract Task<object?[]> Read(ParquetRowGroupReader group);

    public abstract Task Write(ParquetRowGroupWriter group, IReadOnlyList<object?> values);

    /// <summary>A value of a column of texts as text.</summary>
    public static object? Fit(object? value, DataField column, Func<object?, string?> textOf) =>
        column.ClrType == typeof(ReadOnlyMemory<char>) ? textOf(value) : value;

    private sealed class Typed<T>(DataField field) : ParquetColumn where T : struct
    {
        public override async Task<object?[]> Read(ParquetRowGroupReader group)
        {
            var values = new T?[group.RowCount];
            await group.ReadAsync<T>(field, values.AsMemory()).ConfigureAwait(false);
            return [.. values.Select(value => value switch
            {
                ReadOnlyMemory<char> text => text.ToString(),
                ReadOnlyMemory<byte> bytes => bytes.ToArray(),
                _ => (object?)value,
            })];
        }

        public override async Task Write(ParquetRowGroupWriter group, IReadOnlyList<object?> values)
        {
            T?[] typed = [.. values.Select(value => (T?)(value switch
            {
                string text => text.AsMemory(),
                byte[] bytes => new ReadOnlyMemory<byte>(bytes),
                _ => value,
            }))];
            await group.WriteAsync<T>(field, typed.AsMemory()).ConfigureAwait(false);
        }
    }
}
