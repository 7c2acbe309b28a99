namespace Mhc.Training;

/// <summary>Folders of shards, the format of FineWeb10B-GPT2, that a model is trained from without loading them: docs/data.md.</summary>
public static class TokenShards
{
    /// <summary>
    /// Tokenizes files into shards, in an order and in shards that depend on the files and the options alone. Takes the same memory
    /// whatever the files' sizes, on all cores. What was killed goes on behind the last shard that it finished when it is given the same
    /// options again, and ends with the same bytes.
    /// </summary>
    /// <param name="options">From what to make which shards.</param>
    /// <param name="onProgress">Called now and then, on the calling thread.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="FileNotFoundException">There is no such file, or none in a folder.</exception>
    /// <exception cref="InvalidDataException">A file is not what its name says, the text is too short for both parts, or the tokenizer has
    /// more than 65,536 ids; the message says where.</exception>
    /// <exception cref="IOException">The output folder holds something else, or cannot be written.</exception>
    public static PrepareResult Prepare(PrepareOptions options, Action<PrepareProgress>? onProgress = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        TextSource[] sources = TextSource.Find(options.Inputs);
        return new Preparation(options, sources, onProgress ?? (_ => { })).Run();
    }
}
