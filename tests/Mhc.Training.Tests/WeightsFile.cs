using System.Buffers.Binary;
using System.Text;
using Mhc.Testing;

namespace Mhc.Training.Tests;

/// <summary>What stands in a safetensors file, and what is said of a damaged one.</summary>
public class WeightsFile
{
    private const string Remedy = "The file is damaged or no safetensors file: write it again or fetch it anew.";

    [Fact]
    public void IsReadAsItWasWritten()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        byte[] one = [1, 2, 3, 4, 5, 6, 7, 8], two = [9, 8, 7, 6];

        SafetensorsFile.Write(folder["w"], [("one", [2, 1], () => one), ("two", [], () => two)]);

        using SafetensorsFile file = SafetensorsFile.Open(folder["w"]);
        Assert.Equal(one, file.ReadBytes("one"));
        Assert.Equal(two, file.ReadBytes("two"));
        Assert.Equal([2, 1], file.Tensors["one"].Shape);
        Assert.Empty(file.Tensors["two"].Shape);
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(File.ReadAllBytes(folder["w"])) % 8);
    }

    [Fact]
    public void ShorterThanItsFirstFieldIsNamed() =>
        AssertRefused([1, 2, 3], "3 bytes long, expected at least the 8 bytes of a header length.");

    [Fact]
    public void WithAnOversizedHeaderIsNamed() =>
        AssertRefused(WithHeader("{}", length: long.MaxValue), "header length is 9223372036854775807, but 2 bytes follow it.");

    [Fact]
    public void WithATruncatedHeaderIsNamed() =>
        AssertRefused(WithHeader("{\"a\":{\"dty", length: 40), "header length is 40, but 10 bytes follow it.");

    [Fact]
    public void WithTensorsBeyondItsEndIsNamed() => AssertRefused(WithHeader("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"""),
        "tensor `a` lies at bytes 0 to 8, but the data is 0 bytes long.");

    [Fact]
    public void WithFewerBytesThanTheShapeIsNamed() => AssertRefused(
        [.. WithHeader("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"""), 0, 0, 0, 0],
        "tensor `a` of shape [2] F32 has 4 bytes, expected 8.");

    [Fact]
    public void WithAHeaderThatIsNoJsonIsNamed()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllBytes(folder["w"], WithHeader("not json"));

        string message = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(folder["w"])).Message;

        Assert.StartsWith($"{folder["w"]}: its header is not the JSON of a safetensors file (", message, StringComparison.Ordinal);
        Assert.EndsWith(Remedy, message, StringComparison.Ordinal);
    }

    private static byte[] WithHeader(string header, long? length = null)
    {
        byte[] bytes = [.. new byte[8], .. Encoding.UTF8.GetBytes(header)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length ?? bytes.Length - 8);
        return bytes;
    }

    private static void AssertRefused(byte[] content, string problem)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllBytes(folder["w"], content);
        Assert.Equal($"{folder["w"]}: {problem} {Remedy}",
            Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(folder["w"])).Message);
    }
}
