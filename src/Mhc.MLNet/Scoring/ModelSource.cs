using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>An .onnx that is not open yet.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Read">Its content.</param>
/// <param name="Open">Its session.</param>
internal sealed record ModelSource(string Name, Func<Stream> Read, Func<SessionOptions, InferenceSession> Open)
{
    public static ModelSource At(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return File.Exists(path)
            ? new(path, () => File.OpenRead(path), settings => new InferenceSession(path, settings))
            : throw new FileNotFoundException($"{path} does not exist. Make it with `mhc export`, or correct the path.", path);
    }

    public static ModelSource Of(byte[] content, string name)
    {
        ArgumentNullException.ThrowIfNull(content);
        return new(name, () => new MemoryStream(content), settings => new InferenceSession(content, settings));
    }
}
