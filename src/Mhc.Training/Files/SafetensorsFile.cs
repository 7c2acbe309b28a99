using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Mhc.Training;

/// <summary>
/// A file in the safetensors format: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes without gaps.
/// </summary>
internal sealed class SafetensorsFile : ITensorFile
{
    private readonly FileStream _stream;
    private readonly long _dataStart;

    private SafetensorsFile(string path)
    {
        Path = path;
        _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            (_dataStart, Tensors) = ReadHeader();
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    public string Path { get; }

    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <param name="Begin">Offset of the first byte within the data.</param>
    /// <param name="End">Offset after the last byte within the data.</param>
    private sealed record Entry(string Dtype, long[] Shape, long Begin, long End) : TensorEntry(Dtype, Shape, $"{Begin}-{End}");

    public static SafetensorsFile Open(string path) => new(path);

    public void Dispose() => _stream.Dispose();

    public byte[] ReadBytes(string name)
    {
        var entry = (Entry)Tensors[name];
        byte[] bytes = new byte[entry.End - entry.Begin];
        _stream.Position = _dataStart + entry.Begin;
        _stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Writes a file whose tensors stand in the order given.</summary>
    /// <param name="tensors">Name, shape and a function that gives the little-endian float32 bytes, called once when they are due.</param>
    public static void Write(string path, IEnumerable<(string Name, long[] Shape, Func<byte[]> Bytes)> tensors)
    {
        var entries = tensors.ToList();
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            long offset = 0;
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt"); // What readers of the PyTorch world look for.
            json.WriteEndObject();
            foreach ((string name, long[] shape, _) in entries)
            {
                long end = offset + (4 * shape.Aggregate(1L, (product, size) => product * size));
                json.WriteStartObject(name);
                json.WriteString("dtype", "F32");
                json.WriteStartArray("shape");
                Array.ForEach(shape, json.WriteNumberValue);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(end);
                json.WriteEndArray();
                json.WriteEndObject();
                offset = end;
            }
            json.WriteEndObject();
        }
        // The format asks for data aligned to 8 bytes; spaces after the JSON are its padding.
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        using FileStream file = File.Create(path);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, buffer.Length);
        file.Write(length);
        buffer.WriteTo(file);
        foreach ((_, _, Func<byte[]> bytes) in entries)
            file.Write(bytes());
    }

    private (long DataStart, Dictionary<string, TensorEntry> Tensors) ReadHeader()
    {
        long fileLength = _stream.Length;
        if (fileLength < 8)
            throw Bad($"{fileLength} bytes long, expected at least the 8 bytes of a header length");
        Span<byte> lengthBytes = stackalloc byte[8];
        _stream.ReadExactly(lengthBytes);
        long length = BinaryPrimitives.ReadInt64LittleEndian(lengthBytes);
        if (length < 2 || length > fileLength - 8)
            throw Bad($"header length is {length}, but {fileLength - 8} bytes follow it");
        byte[] header = new byte[length];
        _stream.ReadExactly(header);
        var tensors = new Dictionary<string, TensorEntry>(StringComparer.Ordinal);
        long dataLength = fileLength - 8 - length;
        try
        {
            using JsonDocument json = JsonDocument.Parse(header);
            foreach (JsonProperty member in json.RootElement.EnumerateObject())
            {
                if (member.Name == "__metadata__")
                    continue;
                long[] offsets = [.. member.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
                var entry = new Entry(member.Value.GetProperty("dtype").GetString()!,
                    [.. member.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())], offsets[0], offsets[1]);
                if (entry.Begin < 0 || entry.End < entry.Begin || entry.End > dataLength)
                {
                    throw Bad($"tensor `{member.Name}` lies at bytes {entry.Begin} to {entry.End}, "
                        + $"but the data is {dataLength} bytes long");
                }
                if (TensorBytes.Size(entry.Dtype) is { } size && entry.Elements * size != entry.End - entry.Begin)
                {
                    throw Bad($"tensor `{member.Name}` of shape [{string.Join(", ", entry.Shape)}] {entry.Dtype} "
                        + $"has {entry.End - entry.Begin} bytes, expected {entry.Elements * size}");
                }
                if (!tensors.TryAdd(member.Name, entry))
                    throw Bad($"tensor `{member.Name}` is there twice");
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or IndexOutOfRangeException or FormatException or DecoderFallbackException)
        {
            throw Bad($"its header is not the JSON of a safetensors file ({e.Message})");
        }
        return (8 + length, tensors);
    }

    private InvalidDataException Bad(string what) =>
        new($"{Path}: {what}. The file is damaged or no safetensors file: write it again or fetch it anew.");
}
