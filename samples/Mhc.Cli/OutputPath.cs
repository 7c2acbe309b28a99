namespace Mhc.Cli;

/// <summary>Where a command writes: not over what it reads, and not where it cannot.</summary>
internal static class OutputPath
{
    /// <param name="output">The file to write.</param>
    /// <param name="inputs">Files that are read, and folders whose files are.</param>
    /// <exception cref="IOException">Writing there would destroy an input, or cannot be done.</exception>
    public static void Check(string output, params ReadOnlySpan<string> inputs)
    {
        string target = Path.GetFullPath(output);
        if (Directory.Exists(target))
            throw new IOException($"{output}: a folder. Expected the name of a file to write.");
        if (!Directory.Exists(Path.GetDirectoryName(target)))
            throw new DirectoryNotFoundException($"{output}: its folder is not there. Make it first, or write elsewhere.");
        CheckApart(output, inputs);
    }

    /// <param name="output">The folder to write files to, which may not be there yet.</param>
    /// <inheritdoc cref="Check"/>
    public static void CheckFolder(string output, params ReadOnlySpan<string> inputs)
    {
        if (File.Exists(output))
            throw new IOException($"{output}: a file. Expected the name of a folder to write to.");
        CheckApart(output, inputs);
    }

    private static void CheckApart(string output, ReadOnlySpan<string> inputs)
    {
        string target = Path.GetFullPath(output);
        foreach (string input in inputs)
        {
            string source = Path.GetFullPath(input);
            string inside = Path.TrimEndingDirectorySeparator(source) + Path.DirectorySeparatorChar;
            if (target == source || target.StartsWith(inside, StringComparison.Ordinal))
                throw new IOException($"{output}: would overwrite or join the input {input}. Write elsewhere.");
        }
    }
}
