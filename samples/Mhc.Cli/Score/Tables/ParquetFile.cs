using Parquet;
using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>An open Parquet file; damage is told by its name.</summary>
internal sealed class ParquetFile : IDisposable
{
    private readonly string _source;
    private readonly ParquetReader _reader;

    public ParquetFile(Stream stream, string source)
    {
        _source = source;
        _reader = Call(() => ParquetReader.CreateAsync(stream));
        Columns = [.. _reader.Schema.Fields.OfType<DataField>().Where(field => !field.IsArray)];
        Nested = [.. _reader.Schema.Fields.Except(Columns).Select(field => field.Name)];
    }

    /// <summary>Those with one value a row.</summary>
    public IReadOnlyList<DataField> Columns { get; }

    /// <summary>Names of the others: lists, maps, structures.</summary>
    public IReadOnlyList<string> Nested { get; }

    public int GroupCount => _reader.RowGroupCount;

    public DataField? Column(string name) => Columns.FirstOrDefault(column => column.Name == name);

    public long RowCount(int group)
    {
        using ParquetRowGroupReader rows = _reader.OpenRowGroupReader(group);
        return rows.RowCount;
    }

    public object?[] ReadColumn(int group, DataField column) => Call(async () =>
    {
        using ParquetRowGroupReader rows = _reader.OpenRowGroupReader(group);
        return await ParquetColumn.Of(column).Read(rows).ConfigureAwait(false);
    });

    public void Dispose() => _reader.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private T Call<T>(Func<Task<T>> read)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is not OutOfMemoryException) // Damage shows in many kinds of exception.
        {
            throw new InvalidDataException($"{_source}: is no readable Parquet file. {e.Message.TrimEnd('.')}. "
                + "Is it cut off? Copy or download it again.", e);
        }
    }
}
