namespace Mhc.Onnx.Tests;

public class AssemblyTests
{
    [Fact]
    public void OnlyProtobufIsReferencedBesideTheFramework() => Assert.Equal(["Google.Protobuf"],
        typeof(OnnxExporter).Assembly.GetReferencedAssemblies().Select(assembly => assembly.Name).Where(name => !name!.StartsWith("System.", StringComparison.Ordinal)));

    [Fact]
    public void WireFormatIsNotPublic() =>
        Assert.DoesNotContain(typeof(OnnxExporter).Assembly.GetExportedTypes(), type => type.Namespace != "Mhc.Onnx");
}
