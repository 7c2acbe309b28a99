namespace Mhc.Training.Tests;

public class PackageDependencies
{
    [Fact]
    public void OfTheTrainerAreTorchSharpAndTheTokenizers() =>
        Assert.Equal(["Microsoft.ML.Tokenizers", "TorchSharp"],
            typeof(MhcModel).Assembly.GetReferencedAssemblies().Select(name => name.Name!)
                .Where(name => !name.StartsWith("System.", StringComparison.Ordinal)).Order());
}
