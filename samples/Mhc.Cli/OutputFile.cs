namespace Mhc.Cli;

/// <summary>Writes a whole file or none.</summary>
internal static class OutputFile
{
    public static void Write(string path, string text) => Write(path, temporary => File.WriteAllText(temporary, text));

    /// <param name="path">The file to make or to replace.</param>
    /// <param name="write">Writes it under a temporary name.</param>
    public static void Write(string path, Action<string> write)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            write(temporary);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
