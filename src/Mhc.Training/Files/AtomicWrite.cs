namespace Mhc.Training;

/// <summary>Writes under a temporary name beside the destination and renames when all is there: nothing is ever half-written.</summary>
internal static class AtomicWrite
{
    /// <summary>Called after each step towards a new file or folder: tests look at what a kill at that moment would leave.</summary>
    public static Action? AfterStep { get; set; }

    public static void File(string path, Action<string> write)
    {
        string temporary = Beside(path, "tmp");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            write(temporary);
            FlushToDisk(temporary);
            AfterStep?.Invoke();
            System.IO.File.Move(temporary, path, overwrite: true);
            AfterStep?.Invoke();
        }
        finally
        {
            System.IO.File.Delete(temporary);
        }
    }

    /// <summary>Replaces a checkpoint folder, or makes a new one; a folder that holds anything else is left alone.</summary>
    /// <exception cref="IOException">The folder holds something that is no checkpoint.</exception>
    public static void Folder(string path, Action<string> write)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (System.IO.File.Exists(path)
            || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any() && !Checkpoint.IsCheckpoint(path)))
        {
            throw new IOException($"{path}: exists and is no checkpoint folder, so it is not replaced. Choose another place or remove it.");
        }
        string temporary = Beside(path, "tmp"), old = Beside(path, "old");
        try
        {
            Directory.CreateDirectory(temporary);
            AfterStep?.Invoke();
            write(temporary);
            foreach (string file in Directory.EnumerateFiles(temporary))
                FlushToDisk(file);
            AfterStep?.Invoke();
            if (Directory.Exists(path))
                Directory.Move(path, old);
            AfterStep?.Invoke();
            Directory.Move(temporary, path);
            AfterStep?.Invoke();
        }
        catch
        {
            if (Directory.Exists(old) && !Directory.Exists(path))
                Directory.Move(old, path);
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw;
        }
        if (Directory.Exists(old))
            Directory.Delete(old, recursive: true);
        AfterStep?.Invoke();
    }

    /// <summary>Removes a folder such that it is never there in part under its own name.</summary>
    public static void DeleteFolder(string path)
    {
        string temporary = Beside(path, "tmp");
        Directory.Move(path, temporary);
        AfterStep?.Invoke();
        Directory.Delete(temporary, recursive: true);
    }

    /// <summary>
    /// Mends what a kill left directly in a folder: what was being replaced is put back if nothing had taken its place yet, and temporary
    /// files and folders go.
    /// </summary>
    public static void Recover(string folder)
    {
        foreach (string leftover in Directory.GetFileSystemEntries(folder))
        {
            string[] parts = Path.GetFileName(leftover).Split('.');
            if (parts.Length < 3 || parts[^1] is not ("tmp" or "old") || !Guid.TryParseExact(parts[^2], "N", out _))
                continue;
            string path = Path.Combine(folder, string.Join('.', parts[..^2]));
            if (parts[^1] == "old" && !Directory.Exists(path))
                Directory.Move(leftover, path);
            else if (Directory.Exists(leftover))
                Directory.Delete(leftover, recursive: true);
            else
                System.IO.File.Delete(leftover);
        }
    }

    private static string Beside(string path, string extension) => $"{path}.{Guid.NewGuid():N}.{extension}";

    // A file system may make a rename durable before the content of what is renamed.
    private static void FlushToDisk(string file)
    {
        using FileStream stream = System.IO.File.OpenWrite(file);
        stream.Flush(flushToDisk: true);
    }
}
