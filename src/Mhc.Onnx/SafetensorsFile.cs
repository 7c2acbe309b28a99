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
    private readonly Dictionary<string, Entry> _entries;

    private readonly record struct Entry(int[] Shape, long Begin, long End);

    private SafetensorsFile(string path, long dataStart, Dictionary<string, Entry> entries)
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
        return new(path, dataStart, Entries(header.RootElement, file.Length - dataStart, path));
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

    private static Dictionary<string, Entry> Entries(JsonElement header, long dataLength, string path)
    {
        var entries = new Dictionary<string, Entry>();
        var problems = new List<string>();
        foreach (JsonProperty tensor in header.EnumerateObject().Where(property => property.Name != "__metadata__"))
        {
            if (Describe(tensor.Value) is not { } found)
                problems.Add($"{path}: tensor `{tensor.Name}` is {JsonText.Excerpt(tensor.Value)}; "
                    + "expected dtype, shape and data_offsets.");
            else if (Problem(found.DType, found.Entry, dataLength) is { } problem)
                problems.Add($"{path}: tensor `{tensor.Name}`: {problem}");
            else if (!entries.TryAdd(tensor.Name, found.Entry))
                problems.Add($"{path}: tensor `{tensor.Name}` is there twice.");
        }
        Throw.InvalidData_IfAny(problems);
        CheckGapless(entries, dataLength, path);
        return entries;
    }

    private static (string DType, Entry Entry)? Describe(JsonElement tensor)
    {
        try
        {
            int[] shape = [.. tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
            long[] offsets = [.. tensor.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
            return offsets.Length == 2 && tensor.GetProperty("dtype").GetString() is { } dtype
                ? (dtype, new(shape, offsets[0], offsets[1]))
                : null;
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    private static string? Problem(string dtype, Entry entry, long dataLength)
    {
        if (dtype != "F32")
            return $"dtype is {dtype}, expected F32.";
        if (entry.Begin < 0 || entry.End < entry.Begin || entry.End > dataLength)
            return $"data_offsets are [{entry.Begin}, {entry.End}] but the file has {dataLength} bytes of data; "
                + "the file is truncated. Copy the checkpoint again.";
        // In double, because the product of hostile sizes does not fit a long.
        double expected = entry.Shape.Aggregate((double)sizeof(float), (bytes, size) => bytes * size);
        return entry.Shape.Any(size => size < 0) || entry.End - entry.Begin != expected
            ? $"data_offsets span {entry.End - entry.Begin} bytes, shape [{string.Join(", ", entry.Shape)}] of F32 expects {expected}."
            : null;
    }

    private static void CheckGapless(Dictionary<string, Entry> entries, long dataLength, string path)
    {
        long end = 0;
        foreach ((string name, Entry entry) in entries.OrderBy(pair => pair.Value.Begin).ThenBy(pair => pair.Value.End))
        {
            if (entry.Begin != end)
                throw new InvalidDataException($"{path}: tensor `{name}` begins at byte {entry.Begin} of the data, expected {end}: "
                    + $"tensors {(entry.Begin < end ? "overlap" : "leave a gap")}.");
            end = entry.End;
        }
        if (end != dataLength)
            throw new InvalidDataException($"{path}: the tensors end at byte {end} of the data, but the file has {dataLength}.");
    }
}
