namespace Mhc.MLNet.ModelZip;

/// <summary>
/// The .onnx behind a transformer, needed once more when the pipeline is saved: read again from the file it came from, so that it is not
/// held in memory beside the session, or kept when it came from a zip.
/// </summary>
internal sealed class OnnxFile
{
    private readonly string? _path;
    private readonly byte[]? _content;
    private readonly (long Length, DateTime Written) _stamp;
    private string? _externalData;

    private OnnxFile(string? path, byte[]? content) => (_path, _content, _stamp) = (path, content, path is null ? default : Stamp(path));

    public static OnnxFile At(string path) => new(Path.GetFullPath(path), null);

    /// <summary>The file that a zip names: a relative path is looked for in the working directory, then beside the program.</summary>
    /// <exception cref="FileNotFoundException">There is no such file in either.</exception>
    public static OnnxFile NamedByZip(string path)
    {
        string beside = Path.Combine(AppContext.BaseDirectory, path);
        if (!File.Exists(path) && !File.Exists(beside))
            throw new FileNotFoundException($"{path}, the model that the zip names, is neither in the working directory "
                + $"{Directory.GetCurrentDirectory()} nor beside the program in {AppContext.BaseDirectory}. Put it there.", path);
        return At(File.Exists(path) ? path : beside);
    }

    public static OnnxFile FromZip(byte[] content) => new(null, content);

    public MhcScorer Open(MhcScorerOptions options)
    {
        var scorer = _path is null ? new MhcScorer(_content!, "The model in the zip", options) : new MhcScorer(_path, options);
        _externalData = scorer.Model.ExternalData;
        return scorer;
    }

    public byte[] Read()
    {
        if (_path is null)
            return _content!;
        if (_externalData is not null)
            throw new NotSupportedException(
                $"{_path} has its weights in {_externalData}; a model of two files cannot be saved in an ML.NET zip. Keep it "
                + "beside the zip with ModelInZip = false, or export the model again without `--external-data` if it is below 2 GB.");
        CheckFits(_path, _stamp.Length);
        if (Stamp(_path) != _stamp)
            throw new InvalidOperationException(
                $"{_path} was changed or deleted after the pipeline was fitted, so it cannot be saved with it. "
                + "Put the file back, or fit the pipeline again.");
        return File.ReadAllBytes(_path);
    }

    /// <summary>One array holds a model on its way into the zip and out of it.</summary>
    internal static void CheckFits(string path, long length)
    {
        if (length > Array.MaxLength)
            throw new NotSupportedException(
                $"{path} has {length:N0} bytes; a model of more than {Array.MaxLength:N0} bytes cannot be saved in an ML.NET zip. "
                + "Keep it beside the zip with ModelInZip = false.");
    }

    private static (long, DateTime) Stamp(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? (file.Length, file.LastWriteTimeUtc) : default;
    }
}
