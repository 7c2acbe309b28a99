namespace Mhc.MLNet.Tests.Kit;

/// <summary>Folders that go when the test run ends.</summary>
internal static class Temporary
{
    public static DirectoryInfo Folder()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mhc-mlnet-tests-");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
        return folder;
    }

    public static string File(string name, byte[] content)
    {
        string path = Path.Combine(Folder().FullName, name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }
}
