using Mhc.Onnx;
using Mhc.Training;
using static TorchSharp.torch;

namespace Mhc.Cli.Bench;

/// <summary>The files of the variants, in a folder that goes when the measurement does.</summary>
internal sealed class GraphFiles : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mhc-bench-");

    /// <summary>Exports every variant: name, file, what the export said.</summary>
    public IReadOnlyList<(GraphVariant Variant, OnnxExportResult File)> Export(GraphPlan plan, IEnumerable<GraphVariant> variants)
    {
        string plain = Random(plan.Model with { Residual = ResidualMode.None }, "plain");
        string model = plan.Checkpoint ?? Random(plan.Model, "model");
        return [.. variants.Select((variant, i) => (variant,
            OnnxExporter.Export(variant.IsPlain ? plain : model, Path.Combine(_folder.FullName, $"{i}.onnx"), variant.Options)))];
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // What a graph costs does not depend on the weights.
    private string Random(MhcConfig config, string name)
    {
        using var model = new MhcModel(config, seed: 1, CPU);
        string folder = Path.Combine(_folder.FullName, name);
        model.Save(folder);
        return folder;
    }
}
