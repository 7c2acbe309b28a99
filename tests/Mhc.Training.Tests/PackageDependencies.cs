namespace Mhc.Training.Tests;

public class PackageDependencies
{
    [Fact]
    public void OfTheTrainerAreTorchSharpTheTokenizersAndReadersOfTables() =>
        Assert.Equal(["CsvHelper", "Microsoft.ML.Tokenizers", "Parquet", "TorchSharp"],
            typeof(MhcModel).Assembly.GetReferencedAssemblies().Select(name => name.Name!)
                .Where(name => !name.StartsWith("System.", StringComparison.Ordinal)).Order());
}
