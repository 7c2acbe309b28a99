namespace Mhc.Testing;

/// <summary>Where the tests' data lies.</summary>
public static class Fixtures
{
    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = FindUp(AppContext.BaseDirectory, "Mhc.Integration.sln");

    public static string Folder(string name) => Path.Combine(Repository, "tests", "fixtures", name);

    /// <summary>A fresh folder that goes when the test does.</summary>
    public static TemporaryFolder Temporary() => new();

    private static string FindUp(string folder, string file) =>
        File.Exists(Path.Combine(folder, file)) ? folder
        : FindUp(Path.GetDirectoryName(folder) ?? throw new FileNotFoundException($"No {file} above {AppContext.BaseDirectory}."), file);
}

/// <summary>A folder that is deleted on disposal.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mhc-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
