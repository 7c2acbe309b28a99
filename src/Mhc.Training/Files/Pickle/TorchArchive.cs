using System.IO.Compression;

namespace Mhc.Training;

/// <summary>
/// The zip that torch.save writes: <c>NAME/data.pkl</c>, a storage in each <c>NAME/data/KEY</c>, <c>NAME/byteorder</c>. Entries are
/// stored, not compressed, so that what one says of its size can be held against the file.
/// </summary>
internal sealed class TorchArchive : IDisposable
{
    /// <summary>Far above what the largest model's names and shapes take.</summary>
    public const int LongestPickle = 16 << 20;

    private readonly FileStream _stream;
    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);
    private readonly string _root;

    private TorchArchive(string path, FileStream stream)
    {
        (Path, _stream) = (path, stream);
        RequireZip();
        _zip = Guarded(() => new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true));
        foreach (ZipArchiveEntry entry in Guarded(() => _zip.Entries))
        {
            if (!_entries.TryAdd(entry.FullName, entry))
                throw Bad($"holds `{entry.FullName}` twice");
        }
        string[] pickles = [.. _entries.Keys.Where(name => name.Split('/') is [_, "data.pkl"])];
        if (pickles.Length != 1)
            throw Bad($"holds {pickles.Length} entries NAME/data.pkl, expected one");
        _root = pickles[0][..^"data.pkl".Length];
        if (_entries.ContainsKey(_root + "byteorder")
            && !Read("byteorder", 0, Length("byteorder", most: 6)).AsSpan().SequenceEqual("little"u8))
        {
            throw Bad("holds numbers in another byte order than little-endian");
        }
    }

    public string Path { get; }

    public static TorchArchive Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            return new(path, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public byte[] Pickle() => Read("data.pkl", 0, Length("data.pkl", LongestPickle));

    /// <summary>A part of a storage.</summary>
    public byte[] Storage(string key, long storageBytes, long begin, long count)
    {
        long length = Length($"data/{key}", long.MaxValue);
        if (length != storageBytes)
            throw Bad($"has {length} bytes in `data/{key}`, where its pickle says {storageBytes}");
        return Read($"data/{key}", begin, count);
    }

    public InvalidDataException Bad(string what, Exception? inner = null) =>
        new($"{Path}: {what}. The file is damaged or no checkpoint of PyTorch: write it again or fetch it anew.", inner);

    public void Dispose()
    {
        _zip.Dispose();
        _stream.Dispose();
    }

    private long Length(string name, long most)
    {
        if (!_entries.TryGetValue(_root + name, out ZipArchiveEntry? entry))
            throw Bad($"has no entry `{name}`");
        if (entry.Length != entry.CompressedLength || entry.Length > _stream.Length)
            throw Bad($"says that `{name}` has {entry.Length} bytes in {entry.CompressedLength}, of {_stream.Length} in the whole file");
        return entry.Length <= most ? entry.Length : throw Bad($"has {entry.Length} bytes in `{name}`, expected at most {most}");
    }

    private byte[] Read(string name, long begin, long count) => Guarded(() =>
    {
        if (count > Array.MaxLength)
            throw new InvalidDataException($"`{name}` holds a tensor of {count} bytes, more than the 2 GB that are supported");
        byte[] bytes = new byte[count];
        using Stream entry = _entries[_root + name].Open();
        byte[] passed = new byte[Math.Min(begin, 1 << 16)]; // The zip reader's streams cannot seek.
        for (long at = 0; at < begin; at += passed.Length)
            entry.ReadExactly(passed, 0, (int)Math.Min(passed.Length, begin - at));
        entry.ReadExactly(bytes);
        return bytes;
    });

    private void RequireZip()
    {
        Span<byte> start = stackalloc byte[4];
        int read = _stream.ReadAtLeast(start, 4, throwOnEndOfStream: false);
        _stream.Position = 0;
        if (read == 4 && start is [0x80, 0x02, ..])
        {
            throw new InvalidDataException($"{Path}: a file in the format of PyTorch before 1.6. Expected the zip that torch.save writes "
                + "since: load it in PyTorch 1.13 or later with weights_only=True and save it again.");
        }
        if (!start.SequenceEqual("PK\u0003\u0004"u8))
            throw Bad("is not the zip that torch.save writes");
    }

    // What the zip reader throws at damaged archives.
    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException or OverflowException
            or NotSupportedException)
        {
            throw Bad($"cannot be read ({e.Message.TrimEnd('.')})", e);
        }
    }
}
