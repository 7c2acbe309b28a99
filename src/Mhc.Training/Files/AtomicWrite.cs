namespace Mhc.Training;

/// <summary>Writes under a temporary name beside the destination and renames when all is there: nothing is ever half-written.</summary>
internal static class AtomicWrite
{
    public static void File(string path, Action<string> write)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            write(temporary);
            System.IO.File.Move(temporary, path, overwrite: true);
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
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp", old = $"{path}.{Guid.NewGuid():N}.old";
        try
        {
            Directory.CreateDirectory(temporary);
            write(temporary);
            if (Directory.Exists(path))
                Directory.Move(path, old);
            Directory.Move(temporary, path);
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
    }
}
