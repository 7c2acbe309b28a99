using Parquet;
using Parquet.Schema;

namespace Mhc.Training;

/// <summary>A .parquet file: a document a row. One row group's texts are in memory at a time.</summary>
internal static class ParquetTable
{
    /// <summary>Empty and absent texts are passed over.</summary>
    /// <exception cref="InvalidDataException">There is no such column of strings, or the file is damaged.</exception>
    public static IEnumerable<TextPiece> Read(string path, string textField)
    {
        using FileStream file = File.OpenRead(path);
        ParquetReader reader = Call(path, () => ParquetReader.CreateAsync(file));
        try
        {
            DataField[] columns = [.. reader.Schema.DataFields.Where(field => field.ClrType == typeof(ReadOnlyMemory<char>))];
            DataField column = Array.Find(columns, field => field.Path.ToString() == textField)
                ?? throw Throw.InvalidData_NoColumn(path, textField, columns.Select(field => field.Path.ToString()));
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                string?[] texts = Call(path, () => ReadColumn(reader, group, column));
                foreach ((int row, string? text) in texts.Index())
                {
                    texts[row] = null; // What is tokenized need not wait for the others.
                    double part = (group + ((row + 1.0) / texts.Length)) / reader.RowGroupCount;
                    if (!string.IsNullOrEmpty(text))
                        yield return new(text, true, true, (long)(file.Length * part));
                }
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static async Task<string?[]> ReadColumn(ParquetReader reader, int group, DataField column)
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        string?[] texts = new string?[rows.RowCount];
        await rows.ReadAsync(column, texts.AsMemory()!).ConfigureAwait(false);
        return texts;
    }

    private static T Call<T>(string path, Func<Task<T>> read)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is not OutOfMemoryException) // Damage shows in many kinds of exception.
        {
            throw new InvalidDataException($"{path}: is no readable Parquet file. {e.Message.TrimEnd('.')}. "
                + "Is it cut off? Copy or download it again.", e);
        }
    }
}
