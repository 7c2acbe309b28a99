using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Mhc.Onnx.Tests;

/// <summary>Writes what the reader is tested with, the damaged included.</summary>
internal static class SafetensorsWriter
{
    public static void Write(string path, IEnumerable<(Parameter Parameter, float[] Values)> tensors)
    {
        var header = new JsonObject();
        var data = new MemoryStream();
        foreach ((Parameter parameter, float[] values) in tensors)
        {
            long begin = data.Length;
            data.Write(MemoryMarshal.AsBytes<float>(values));
            header[parameter.Name] = Entry("F32", parameter.Shape, begin, data.Length);
        }
        Write(path, header.ToJsonString(), data.ToArray());
    }

    public static JsonObject Entry(string dtype, IEnumerable<int> shape, long begin, long end) => new()
    {
        ["dtype"] = dtype,
        ["shape"] = new JsonArray([.. shape.Select(size => JsonValue.Create(size))]),
        ["data_offsets"] = new JsonArray(begin, end),
    };

    public static void Write(string path, string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(path, [.. length, .. json, .. data]);
    }
}
