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
        foreach (string input in inputs)
        {
            string source = Path.GetFullPath(input);
            if (target == source || target.StartsWith(Path.TrimEndingDirectorySeparator(source) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new IOException($"{output}: would overwrite or join the input {input}. Write elsewhere.");
        }
    }
}
