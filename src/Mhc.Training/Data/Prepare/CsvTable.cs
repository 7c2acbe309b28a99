using System.Text;
using CsvHelper;

namespace Mhc.Training;

/// <summary>A .csv file with a header line: a document a record.</summary>
internal static class CsvTable
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private static readonly CsvReaderOptions Options = new()
    {
        Separator = ',',
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
        TrackLineNumbers = true,
    };

    /// <summary>Empty texts are passed over. Fields in quotes may hold commas, quotes doubled, and line breaks.</summary>
    /// <exception cref="InvalidDataException">There is no such column, or a record is damaged; the message names the line.</exception>
    public static IEnumerable<TextPiece> Read(string path, string textField)
    {
        using FileStream file = File.OpenRead(path);
        using CsvReader csv = CsvReader.Create(file, Options, leaveOpen: true);
        int column = Call(path, () => csv.Headers.ToList().IndexOf(textField));
        if (column < 0)
            throw Throw.InvalidData_NoColumn(path, textField, csv.Headers);
        while (Call(path, csv.Read))
        {
            if (Text(path, csv, column) is { Length: > 0 } text)
                yield return new(text, true, true, file.Position);
        }
    }

    private static string Text(string path, CsvReader csv, int column)
    {
        try
        {
            return Strict.GetString(csv.GetSpan(column));
        }
        catch (DecoderFallbackException e)
        {
            throw Throw.InvalidData_NotUtf8(path, $"byte 0x{e.BytesUnknown![0]:X2} in the record of line {csv.LineNumber}", e);
        }
    }

    private static T Call<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (CsvFormatException e)
        {
            throw new InvalidDataException($"{path}: the record of line {e.LineNumber} is damaged. {e.Message}", e);
        }
    }
}
