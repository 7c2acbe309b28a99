using System.Text.Json;

namespace Mhc.Onnx;

/// <summary>Where a tensor of a safetensors file lies in its data.</summary>
internal readonly record struct SafetensorsEntry(int[] Shape, long Begin, long End)
{
    /// <summary>Those of a header, by name: each of F32 and as long as its shape says, and together exactly the file's data.</summary>
    public static Dictionary<string, SafetensorsEntry> ReadAll(JsonElement header, long dataLength, string path)
    {
        var entries = new Dictionary<string, SafetensorsEntry>();
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

    private static (string DType, SafetensorsEntry Entry)? Describe(JsonElement tensor)
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

    private static string? Problem(string dtype, SafetensorsEntry entry, long dataLength)
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

    private static void CheckGapless(Dictionary<string, SafetensorsEntry> entries, long dataLength, string path)
    {
        long end = 0;
        foreach ((string name, SafetensorsEntry entry) in entries.OrderBy(pair => pair.Value.Begin).ThenBy(pair => pair.Value.End))
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
