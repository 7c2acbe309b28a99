using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Mhc.Training;

/// <summary>
/// A shard in the format of FineWeb10B-GPT2, docs/data.md, as a memory map: the header and the length are checked when it is opened, its
/// tokens are read from the disk when they are asked for. Thread-safe.
/// </summary>
internal sealed class ShardFile : IDisposable
{
    public const int Magic = 20240520, Version = 1, HeaderBytes = 256 * sizeof(int);

    private const string Remedy = "Make it again with `mhc prepare` or `mhc data`.";

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private ShardFile(string path, int length)
    {
        (Path, Length) = (path, length);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    public string Path { get; }

    /// <summary>Tokens.</summary>
    public int Length { get; }

    /// <exception cref="InvalidDataException">It is no shard, of another version, cut off or too long; the message says which.</exception>
    public static ShardFile Open(string path) => new(path, ReadLength(path));

    /// <summary>The number of tokens that the header states and the file has.</summary>
    /// <inheritdoc cref="Open" path="/exception"/>
    public static int ReadLength(string path)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        using FileStream file = File.OpenRead(path);
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
        {
            throw new InvalidDataException(
                $"{path}: the file has {file.Length} bytes, expected at least the {HeaderBytes} of a shard's header. {Remedy}");
        }
        ReadOnlySpan<int> fields = MemoryMarshal.Cast<byte, int>(header);
        if (fields[0] != Magic)
        {
            throw new InvalidDataException(
                $"{path}: begins with {fields[0]}, expected {Magic}, with which every shard of tokens begins. {Remedy}");
        }
        if (fields[1] != Version)
        {
            throw new InvalidDataException(
                $"{path}: is a shard of version {fields[1]}, expected version {Version}, 16 bits a token. {Remedy}");
        }
        long expected = HeaderBytes + ((long)sizeof(ushort) * fields[2]);
        if (file.Length != expected)
        {
            throw new InvalidDataException($"{path}: the file has {file.Length} bytes, but its header states {fields[2]} tokens, "
                + $"which take {expected}. It is {(file.Length < expected ? "cut off" : "too long")}. {Remedy}");
        }
        return fields[2];
    }

    /// <summary>
    /// Reads tokens from a position on. A file that is cut off while it is open ends the process: the system knows no milder way.
    /// </summary>
    public void Read(int start, Span<ushort> tokens) =>
        _view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(HeaderBytes + ((long)sizeof(ushort) * start)), tokens);

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
