using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Texts that were read and approved. A test compares and never rewrites them: what it got is written beside the build's outputs.</summary>
internal static class ApprovedText
{
    public static void Equal(string fixture, IEnumerable<string> actual)
    {
        string approved = Fixtures.Folder(fixture);
        string[] lines = [.. actual];
        if (File.Exists(approved) && File.ReadLines(approved).SequenceEqual(lines))
            return;
        string received = Path.Combine(AppContext.BaseDirectory, "received", fixture);
        Directory.CreateDirectory(Path.GetDirectoryName(received)!);
        File.WriteAllText(received, string.Concat(lines.Select(line => $"{line}\n")));
        Assert.Fail($"{fixture} has changed: compare it with {received}, and copy that over it where the change is meant.");
    }
}
