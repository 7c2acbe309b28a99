namespace Mhc.Training;

/// <summary>A file of documents.</summary>
/// <param name="Name">Its path below the folder that was given, or its file name.</param>
internal sealed record TextSource(string Path, string Name)
{
    private static readonly Dictionary<string, Func<string, string, IEnumerable<TextPiece>>> Formats = new(StringComparer.OrdinalIgnoreCase)
    {
        [".txt"] = (path, _) => PlainText.Read(path),
        [".jsonl"] = JsonLines.Read,
        [".csv"] = CsvTable.Read,
        [".parquet"] = ParquetTable.Read,
    };

    public bool IsPlainText => System.IO.Path.GetExtension(Path).Equals(".txt", StringComparison.OrdinalIgnoreCase);

    /// <summary>The documents, as many of them at a time as are asked for.</summary>
    /// <param name="textField">The key or the column of the text, where the format has one.</param>
    public IEnumerable<TextPiece> Read(string textField) => Formats[System.IO.Path.GetExtension(Path)](Path, textField);

    public static TextSource[] Find(IEnumerable<string> inputs) => [.. inputs.SelectMany(Find)];

    private static IEnumerable<TextSource> Find(string input)
    {
        string formats = string.Join(", ", Formats.Keys);
        if (File.Exists(input))
        {
            return Formats.ContainsKey(System.IO.Path.GetExtension(input)) ? [new(input, System.IO.Path.GetFileName(input))]
                : throw new InvalidDataException($"{input}: the name ends in none of {formats}. Rename or convert the file.");
        }
        if (!Directory.Exists(input))
            throw new FileNotFoundException($"{input}: no such file or folder. Expected files that end in {formats}.", input);
        TextSource[] found =
        [
            .. Directory.EnumerateFiles(input, "*", SearchOption.AllDirectories)
                .Where(path => Formats.ContainsKey(System.IO.Path.GetExtension(path))).Order(StringComparer.Ordinal)
                .Select(path => new TextSource(path, System.IO.Path.GetRelativePath(input, path).Replace('\\', '/'))),
        ];
        return found.Length > 0 ? found : throw new FileNotFoundException($"{input}: the folder holds no file that ends in {formats}.");
    }
}
