using System.Text.Json.Nodes;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

public class DamagedWeightsTests
{
    [Fact]
    public void FileWithoutHeaderLength() =>
        AssertRefused([1, 2, 3], "the file has 3 bytes; expected 8 for the header's length. Copy the checkpoint again.");

    [Fact]
    public void TruncatedHeader() => AssertRefused([100, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'],
        "the header's length is 100 bytes but 2 follow; the file is truncated. Copy the checkpoint again.");

    [Fact]
    public void OversizedHeader() => AssertRefused([0, 0, 0, 0, 0, 0, 0, 0x80, (byte)'{', (byte)'}'],
        "the header's length is 9223372036854775808 bytes; expected at most 100000000. This is not a safetensors file.");

    [Fact]
    public void HeaderThatIsNotJson() => AssertRefused("{ \"a\" }", [], ", header: not valid JSON at line 1, byte 7. Expected one JSON object.");

    [Fact]
    public void HeaderThatIsNoObject() => AssertRefused("[]", [], ", header: found a JSON array, expected an object.");

    [Fact]
    public void EntryWithoutShape() => AssertRefused("""{ "a": { "dtype": "F32" } }""", [],
        ": tensor `a` is { \"dtype\": \"F32\" }; expected dtype, shape and data_offsets.");

    [Fact]
    public void TruncatedData() => AssertRefused(Header(("a", "F32", [3, 2], 0, 24)), new byte[20],
        ": tensor `a`: data_offsets are [0, 24] but the file has 20 bytes of data; the file is truncated. Copy the checkpoint again.");

    [Fact]
    public void OffsetsThatDoNotFitTheShape() => AssertRefused(Header(("a", "F32", [3, 2], 0, 20)), new byte[20],
        ": tensor `a`: data_offsets span 20 bytes, shape [3, 2] of F32 expects 24.");

    [Fact]
    public void ShapeThatOverflows() => AssertRefused(Header(("a", "F32", [int.MaxValue, int.MaxValue, int.MaxValue], 0, 20)), new byte[20],
        ": tensor `a`: data_offsets span 20 bytes, shape [2147483647, 2147483647, 2147483647] of F32 expects 3.9614081201791937E+28.");

    [Fact]
    public void OverlappingTensors() => AssertRefused(Header(("a", "F32", [3], 0, 12), ("b", "F32", [3], 8, 20)), new byte[20],
        ": tensor `b` begins at byte 8 of the data, expected 12: tensors overlap.");

    [Fact]
    public void GapBetweenTensors() => AssertRefused(Header(("a", "F32", [3], 0, 12), ("b", "F32", [1], 16, 20)), new byte[20],
        ": tensor `b` begins at byte 16 of the data, expected 12: tensors leave a gap.");

    [Fact]
    public void DataBehindTheTensors() => AssertRefused(Header(("a", "F32", [3], 0, 12)), new byte[20],
        ": the tensors end at byte 12 of the data, but the file has 20.");

    [Fact]
    public void EveryTensorOfAnotherType() => AssertRefused(
        Header(("a", "BF16", [3], 0, 6), ("b", "F32", [1], 6, 10), ("c", "I64", [1], 10, 18)), new byte[18],
        ": tensor `a`: dtype is BF16, expected F32.", ": tensor `c`: dtype is I64, expected F32.");

    [Fact]
    public void TensorThatIsThereTwice() => AssertRefused(
        """
        {
          "a": { "dtype": "F32", "shape": [1], "data_offsets": [0, 4] },
          "a": { "dtype": "F32", "shape": [1], "data_offsets": [4, 8] }
        }
        """,
        new byte[8], ": tensor `a` is there twice.");

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.NegativeInfinity, "-Infinity")]
    public void WeightsThatAreNotFinite(float value, string text)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, SyntheticCheckpoint.Tiny, alter: (name, values) =>
        {
            if (name == "transformer.h.1.mlp.c_fc.weight")
                values[7] = value;
        });

        var e = Assert.Throws<InvalidDataException>(() => OnnxExporter.Export(folder.Path, folder["model.onnx"]));

        Assert.Equal($"{folder["model.safetensors"]}: tensor `transformer.h.1.mlp.c_fc.weight`: element 7 of 1600 is {text}; "
            + "expected finite weights. The training run diverged: take an earlier checkpoint.", e.Message);
        Assert.False(File.Exists(folder["model.onnx"]));
    }

    private static string Header(params (string Name, string DType, int[] Shape, long Begin, long End)[] tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        foreach ((string name, string dtype, int[] shape, long begin, long end) in tensors)
            header[name] = SafetensorsWriter.Entry(dtype, shape, begin, end);
        return header.ToJsonString();
    }

    private static void AssertRefused(string header, byte[] data, params string[] messages) =>
        AssertRefused(path => SafetensorsWriter.Write(path, header, data), messages);

    private static void AssertRefused(byte[] file, string message) =>
        AssertRefused(path => File.WriteAllBytes(path, file), $": {message}");

    private static void AssertRefused(Action<string> write, params string[] messages)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        write(folder["model.safetensors"]);

        var e = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(folder["model.safetensors"]));

        Assert.Equal(string.Join(Environment.NewLine, messages.Select(message => $"{folder["model.safetensors"]}{message}")), e.Message);
    }
}
