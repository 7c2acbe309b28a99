namespace Mhc.Cli.Score.Tables;

/// <summary>A kind of file whose rows can be scored, or that scored rows can be written to.</summary>
internal abstract class TableFormat
{
    public static TableFormat Text { get; } = new TextFormat();

    public static TableFormat Csv { get; } = new CsvFormat();

    public static TableFormat Json { get; } = new JsonFormat();

    public static TableFormat Parquet { get; } = new ParquetFormat();

    public static IReadOnlyList<TableFormat> All { get; } = [Text, Csv, Json, Parquet];

    /// <summary>What the command line calls it; names of its files end so, behind a dot.</summary>
    public abstract string Name { get; }

    /// <summary>Whether a column has to be named to tell which one is the text.</summary>
    public virtual bool HasColumns => true;

    /// <summary>Whether it can be written to a pipe: otherwise its parts are put together at the end.</summary>
    public virtual bool CanStream => true;

    /// <summary>Whether all rows have the columns of the first.</summary>
    public virtual bool HasFixedColumns => false;

    /// <param name="name">A file, or - for standard input or output.</param>
    /// <param name="otherwise">The format of other names.</param>
    public static TableFormat Of(string name, TableFormat otherwise) => All.FirstOrDefault(
        format => Path.GetExtension(name).Equals($".{format.Name}", StringComparison.OrdinalIgnoreCase), otherwise);

    public static TableFormat Named(string name) => All.Single(format => format.Name == name);

    /// <param name="stream">From its beginning; the reader disposes it.</param>
    /// <param name="fixedColumns">Whether what is written has the columns of the first row in all rows.</param>
    /// <param name="source">What messages call the input.</param>
    /// <exception cref="InvalidDataException">There is no such column, or it is no such table at all.</exception>
    public abstract TableReader Read(Stream stream, string source, string column, bool fixedColumns);

    /// <param name="stream">Left open.</param>
    /// <param name="isFirst">Whether nothing stands before these rows.</param>
    public abstract TableWriter Write(Stream stream, TableLayout layout, bool isFirst);

    /// <summary>Puts files that were written one after the other together.</summary>
    public virtual void Join(IEnumerable<string> parts, TableLayout layout, Stream output)
    {
        foreach (string part in parts)
        {
            using FileStream file = File.OpenRead(part);
            file.CopyTo(output);
        }
    }
}
