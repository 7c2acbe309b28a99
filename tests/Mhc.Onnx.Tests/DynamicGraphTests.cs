using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Designs whose matrices depend on the token: their mathematics stands in the graph.</summary>
public class DynamicGraphTests
{
    private static readonly Dictionary<string, MhcConfig> Models = new()
    {
        ["hc-tiny"] = SyntheticCheckpoint.Tiny with { Residual = ResidualMode.Hc, Fracs = 2, ValueResidual = ValueResidual.Free },
        ["mhc-dynamic-tiny"] = SyntheticCheckpoint.Tiny with
        {
            Residual = ResidualMode.MhcDynamic,
            NLayer = 1,
            HResIters = 2,
            StreamReduce = StreamReduce.Mean,
            ValueResidual = ValueResidual.Constrained,
        },
    };

    public static TheoryData<string> Names => new(Models.Keys);

    [Theory, MemberData(nameof(Names))]
    public void ParametersAreThoseOfTheFormat(string name) => ApprovedText.Equal($"{name}/parameters.verified.txt",
        ParameterTable.Of(Models[name]).Select(parameter => parameter.ToString()).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Names))]
    public void ScoringGraphIsAsApproved(string name) => ApprovedText.Equal($"{name}/graph.verified.txt", GraphText.Of(Graph(name)));

    [Theory, MemberData(nameof(Names))]
    public void ThereAreNoConstantMatrices(string name)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Models[name]);

        Assert.Empty(Checkpoint.Open(folder.Path).ProjectHMatrices());
        OnnxExportResult result = OnnxExporter.Export(folder.Path, folder["model.onnx"]);
        Assert.Equal((0, 0), (result.MaxRowError, result.MaxColumnError));
        IReadOnlyDictionary<string, string> metadata = OnnxModelSummary.Read(folder["model.onnx"]).Metadata;
        Assert.Equal(("\"none\"", "\"none\"", "\"dynamic\""), (metadata["mhc.h_res"], metadata["mhc.h_matrices"], metadata["mhc.layout"]));
    }

    private static GraphProto Graph(string name)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Models[name]);
        return OnnxExporter.Model(Checkpoint.Open(folder.Path), [], new()).Graph;
    }
}
