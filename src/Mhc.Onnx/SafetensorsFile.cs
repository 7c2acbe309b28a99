using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Mhc.Onnx;

/// <summary>
/// A safetensors file of F32 tensors. Opening it reads and checks the header alone; a tensor's data is read when it is asked for.
/// </summary>
internal sealed class SafetensorsFile
{
    // The format's own limit.
    private const long LongestHeader = 100_000_000;

    /// <summary>Elements that are read together: 1 MiB of them.</summary>
    public const int PieceLength = 1 << 18;

    private readonly string _path;
    private readonly long _dataStart;
    private readonly IReadOnlyDictionary<string, SafetensorsEntry> _entries;

    private SafetensorsFile(string path, long dataStart, IReadOnlyDictionary<string, SafetensorsEntry> entries)
    {
        _path = path;
        _dataStart = dataStart;
        _entries = entries;
    }

    public IEnumerable<string> Names => _entries.Keys;

    public IReadOnlyList<int> Shape(string name) => _entries[name].Shape;

    public static SafetensorsFile Open(string path)
    {
        using FileStream file = File.OpenRead(path);
        Span<byte> prefix = stackalloc byte[8];
        if (file.Length < prefix.Length)
            throw new InvalidDataException($"{path}: the file has {file.Length} bytes; expected 8 for the header's length. "
                + "Copy the checkpoint again.");
        file.ReadExactly(prefix);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > LongestHeader)
            throw new InvalidDataException($"{path}: the header's length is {headerLength} bytes; expected at most {LongestHeader}. "
                + "This is not a safetensors file.");
        long dataStart = prefix.Length + (long)headerLength;
        if (dataStart > file.Length)
            throw new InvalidDataException($"{path}: the header's length is {headerLength} bytes but {file.Length - prefix.Length} "
                + "follow; the file is truncated. Copy the checkpoint again.");
        var json = new byte[(int)headerLength];
        file.ReadExactly(json);
        using JsonDocument header = JsonText.Parse(json, $"{path}, header");
        return new(path, dataStart, SafetensorsEntry.ReadAll(header.RootElement, file.Length - dataStart, path));
    }

    /// <summary>The values of one tensor, all of them finite.</summary>
    public float[] Read(string name)
    {
        var values = new float[Count(name)];
        int filled = 0;
        ReadPieces(name, PieceLength, piece =>
        {
            piece.CopyTo(values.AsSpan(filled));
            filled += piece.Length;
        });
        return values;
    }

    /// <summary>The values of one tensor in order, all of them finite; every piece but the last is of the same length.</summary>
    public void ReadPieces(string name, int pieceLength, Action<ReadOnlySpan<float>> use)
    {
        long read = 0, count = Count(name);
        ReadUnchecked(name, pieceLength, piece =>
        {
            for (int i = 0; i < piece.Length; i++)
                if (!float.IsFinite(piece[i]))
                    throw new InvalidDataException($"{_path}: tensor `{name}`: element {read + i} of {count} is {piece[i]}; "
                        + "expected finite weights. The training run diverged: take an earlier checkpoint.");
            use(piece);
            read += piece.Length;
        });
    }

    /// <summary>How many elements of a tensor are NaN or infinite.</summary>
    /// <param name="of">How many there are.</param>
    public long CountNonFinite(string name, out long of)
    {
        long count = 0;
        ReadUnchecked(name, PieceLength, piece =>
        {
            foreach (float value in piece)
                count += float.IsFinite(value) ? 0 : 1;
        });
        of = Count(name);
        return count;
    }

    private long Count(string name) => (_entries[name].End - _entries[name].Begin) / sizeof(float);

    private void ReadUnchecked(string name, int pieceLength, Action<ReadOnlySpan<float>> use)
    {
        long left = Count(name);
        var buffer = new float[Math.Min(pieceLength, left)];
        using FileStream file = File.OpenRead(_path);
        file.Position = _dataStart + _entries[name].Begin;
        while (left > 0)
        {
            Span<float> piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, left));
            file.ReadExactly(MemoryMarshal.AsBytes(piece));
            use(piece);
            left -= piece.Length;
        }
    }
}
