namespace Mhc.Training;

/// <summary>Errors that are raised in more than one place, named ExceptionType_Reason.</summary>
internal static class Throw
{
    /// <summary>One exception for all problems, a line each; none where there is no problem.</summary>
    public static void InvalidData_IfAny(IEnumerable<string> problems)
    {
        string[] all = [.. problems];
        if (all.Length > 0)
            throw new InvalidDataException(string.Join(Environment.NewLine, all));
    }

    /// <inheritdoc cref="InvalidData_IfAny"/>
    public static void Argument_IfAny(IEnumerable<string> problems)
    {
        string[] all = [.. problems];
        if (all.Length > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, all));
    }

    /// <param name="what">What is there that is not UTF-8, and where.</param>
    public static InvalidDataException InvalidData_NotUtf8(string path, string what, Exception? cause = null) =>
        new($"{path}: {what} is not UTF-8. "
            + "Expected UTF-8 text: convert the file first, for example with `iconv -f ISO-8859-1 -t UTF-8`.", cause);

    /// <param name="columns">Those that are there.</param>
    public static InvalidDataException InvalidData_NoColumn(string path, string column, IEnumerable<string> columns) =>
        new($"{path}: has no column `{column}` of text, "
            + $"but {string.Join(", ", columns.Select(name => $"`{name}`").DefaultIfEmpty("none"))}. Name the one that holds the text with --text-field.");
}
