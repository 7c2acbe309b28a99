namespace Mhc.Onnx;

/// <summary>
/// An .onnx file and, where there is one, the file of its weights: written under other names, then put in the place of what is there.
/// </summary>
internal static class ModelFiles
{
    /// <summary>The file of a model's weights.</summary>
    public static string DataPath(string onnxPath) => $"{onnxPath}.data";

    /// <param name="data">The weights in a file of their own; null where the model holds them.</param>
    public static void Write(string onnxPath, OnnxModel model, ExternalData? data)
    {
        string suffix = $".{Guid.NewGuid():n}.tmp", dataPath = DataPath(onnxPath);
        try
        {
            if (data is not null)
                WriteFile(dataPath + suffix, data.WriteTo);
            WriteFile(onnxPath + suffix, new ModelStream(model).WriteTo);
            Replace(onnxPath, dataPath, suffix, data is not null);
        }
        finally
        {
            File.Delete(dataPath + suffix);
            File.Delete(onnxPath + suffix);
        }
    }

    private static void Replace(string onnxPath, string dataPath, string suffix, bool hasData)
    {
        if (hasData || (File.Exists(onnxPath) && File.Exists(dataPath)))
            ReplaceBoth([onnxPath, dataPath], suffix);
        else
            File.Move(onnxPath + suffix, onnxPath, overwrite: true);
    }

    // An .onnx never stands beside another's weights, not even for a moment: what is there steps aside, and comes back where this fails.
    private static void ReplaceBoth(string[] paths, string suffix)
    {
        string old = $"{suffix}.old";
        string[] replaced = [.. paths.Where(File.Exists)];
        try
        {
            foreach (string path in replaced)
                File.Move(path, path + old);
            foreach (string path in paths.Reverse().Where(path => File.Exists(path + suffix)))
                File.Move(path + suffix, path);
        }
        catch
        {
            foreach (string path in paths.Where(File.Exists).Where(path => !replaced.Contains(path) || File.Exists(path + old)))
                File.Delete(path);
            foreach (string path in replaced.Where(path => File.Exists(path + old)))
                File.Move(path + old, path);
            throw;
        }
        foreach (string path in replaced)
            File.Delete(path + old);
    }

    private static void WriteFile(string path, Action<Stream> write)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        write(file);
    }
}
