namespace Mhc.Training;

/// <summary>How far a download is.</summary>
/// <param name="File">The file's name.</param>
/// <param name="BytesReceived">Bytes of it that are there.</param>
/// <param name="TotalBytes">Bytes that it has.</param>
public readonly record struct DownloadProgress(string File, long BytesReceived, long TotalBytes);

/// <summary>The public FineWeb10B-GPT2 shards: 10 billion tokens of web text, 100 million a shard.</summary>
public static class FineWeb10B
{
    /// <summary>Shards to train on that there are, beside one for validation.</summary>
    public const int MostShards = 103;

    /// <summary>Where they are published.</summary>
    public static readonly Uri Hub = new("https://huggingface.co/datasets/kjj0/fineweb10B-gpt2/resolve/main/");

    /// <summary>
    /// Downloads the validation shard and the first training shards, 200 MB each, and GPT-2's tokenizer.json. What is there already is
    /// kept and what broke off goes on, also in another run; each file is checked by the SHA-256 that the hub states, by its header and
    /// its length.
    /// </summary>
    /// <param name="shards">Training shards, at most <see cref="MostShards"/>.</param>
    /// <param name="folder">Where to put them.</param>
    /// <param name="baseUrl">A mirror's folder of the same files. Default null: <see cref="Hub"/>.</param>
    /// <param name="tokenizerFolder">Where GPT-2's files lie, see <see cref="TextTokenizer.Gpt2"/>.</param>
    /// <param name="onProgress">Called now and then, on any thread, not on two at a time.</param>
    /// <returns>The files that no hash could be checked for, since the mirror states none.</returns>
    /// <exception cref="IOException">The server is not reached, lacks a file, or breaks off time after time.</exception>
    /// <exception cref="InvalidDataException">A file is not the one of that hash, or no shard.</exception>
    public static IReadOnlyList<string> Download(int shards, string folder, Uri? baseUrl = null, string? tokenizerFolder = null,
        Action<DownloadProgress>? onProgress = null)
    {
        using var download = new FileDownload();
        return Download(shards, folder, baseUrl ?? Hub, () => TextTokenizer.Gpt2(tokenizerFolder), download, onProgress);
    }

    internal static IReadOnlyList<string> Download(int shards, string folder, Uri baseUrl, Func<TextTokenizer> tokenizer,
        FileDownload download, Action<DownloadProgress>? onProgress = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shards);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shards, MostShards);
        Uri hub = baseUrl.AbsoluteUri.EndsWith('/') ? baseUrl : new Uri(baseUrl.AbsoluteUri + "/");
        // The tokenizer first: without it the shards cannot be used, and it may need the network too.
        string tokenizerJson = tokenizer().ToJson();
        AtomicWrite.File(Checkpoint.TokenizerFile(folder), temporary => File.WriteAllText(temporary, tokenizerJson));
        var notChecked = new List<string>();
        foreach (string file in Enumerable.Range(1, shards).Select(i => $"fineweb_train_{i:d6}.bin").Prepend("fineweb_val_000000.bin"))
        {
            bool isChecked = download.Get(new Uri(hub, file), Path.Combine(folder, file), check: path => ShardFile.ReadLength(path),
                onProgress: (bytes, total) => onProgress?.Invoke(new(file, bytes, total))).GetAwaiter().GetResult();
            if (!isChecked)
                notChecked.Add(file);
        }
        return notChecked;
    }
}
