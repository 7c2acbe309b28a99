using System.Text;

namespace Mhc.Onnx;

/// <summary>
/// An .onnx file and what goes with it: written under their own names in a folder beside their place, then put in the place of what is there.
/// </summary>
internal static class ModelFiles
{
    /// <summary>The file of a model's weights.</summary>
    public static string DataPath(string onnxPath) => $"{onnxPath}.data";

    /// <param name="data">The weights in a file of their own; null where the model holds them.</param>
    /// <param name="beside">Other files of the same folder.</param>
    /// <param name="verify">Given the path of the model before it is put in its place, the other files beside it.</param>
    public static void Write(string onnxPath, OnnxModel model, ExternalData? data, IReadOnlyList<(string Name, string Content)> beside,
        Action<string>? verify)
    {
        string target = Path.GetDirectoryName(Path.GetFullPath(onnxPath))!, onnx = Path.GetFileName(onnxPath);
        string folder = Directory.CreateDirectory(Path.Combine(target, $"{onnx}.{Guid.NewGuid():n}.tmp")).FullName;
        try
        {
            if (data is not null)
                WriteFile(Path.Combine(folder, DataPath(onnx)), data.WriteTo);
            WriteFile(Path.Combine(folder, onnx), new ModelStream(model).WriteTo);
            foreach ((string name, string content) in beside)
                WriteFile(Path.Combine(folder, name), stream => stream.Write(Encoding.UTF8.GetBytes(content)));
            verify?.Invoke(Path.Combine(folder, onnx));
            Replace(target, folder, onnx, data is not null);
            foreach ((string name, _) in beside)
                File.Move(Path.Combine(folder, name), Path.Combine(target, name), overwrite: true);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Replace(string target, string folder, string onnx, bool hasData)
    {
        string[] both = [onnx, DataPath(onnx)];
        if (hasData || both.All(name => File.Exists(Path.Combine(target, name))))
            ReplaceBoth(both, target, folder);
        else
            File.Move(Path.Combine(folder, onnx), Path.Combine(target, onnx), overwrite: true);
    }

    // An .onnx never stands beside another's weights, not even for a moment: what is there steps aside, and comes back where this fails.
    private static void ReplaceBoth(string[] names, string target, string folder)
    {
        string old = Directory.CreateDirectory(Path.Combine(folder, "old")).FullName;
        string[] replaced = [.. names.Where(name => File.Exists(Path.Combine(target, name)))];
        try
        {
            Move(replaced, target, old);
            Move(names.Reverse(), folder, target);
        }
        catch
        {
            foreach (string path in names.Where(name => !replaced.Contains(name) || File.Exists(Path.Combine(old, name)))
                .Select(name => Path.Combine(target, name)).Where(File.Exists))
                File.Delete(path);
            Move(replaced, old, target);
            throw;
        }
    }

    // Those that are there.
    private static void Move(IEnumerable<string> names, string from, string to)
    {
        foreach (string name in names.Where(name => File.Exists(Path.Combine(from, name))))
            File.Move(Path.Combine(from, name), Path.Combine(to, name));
    }

    private static void WriteFile(string path, Action<Stream> write)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        write(file);
    }
}
