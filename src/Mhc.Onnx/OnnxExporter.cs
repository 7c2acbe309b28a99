using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>
/// Turns a checkpoint folder into an ONNX file that any ONNX Runtime can run. Stream matrices that do not depend on the token are
/// projected to constants. Weights are read while they are written: memory holds a few MiB of them at a time.
/// </summary>
public static class OnnxExporter
{
    // The name of the weights' file, which stands in the model that is measured without it.
    private const int MetadataMargin = 1 << 16;

    /// <summary>
    /// Exports a checkpoint. The file appears whole or not at all, replaces one that is there, and its bytes depend on the checkpoint,
    /// the options and the package's version only. So does the file of weights beside it, <c>M.onnx.data</c>, of a model beyond 2 GiB or
    /// with <see cref="OnnxExportOptions.ExternalData"/>; the two name each other and move together.
    /// </summary>
    /// <param name="checkpointFolder">Such as RUN/best.</param>
    /// <param name="onnxPath">The file to write.</param>
    /// <param name="options">What to write; null for the defaults.</param>
    /// <param name="verify">
    /// Called with the path of the written model before it takes its place, its other files beside it. What it throws leaves everything as
    /// it was. Default: null, nothing is called.
    /// </param>
    /// <exception cref="ArgumentException">The options ask for what there is not, or does not go together.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such checkpoint folder, or no folder to write to.</exception>
    /// <exception cref="FileNotFoundException">The checkpoint lacks a file.</exception>
    /// <exception cref="InvalidDataException">
    /// The checkpoint is damaged, or its weights are NaN, infinite or too large for the precision.
    /// </exception>
    /// <exception cref="NotSupportedException">onnxruntime-genai has no such tokenizer.</exception>
    public static OnnxExportResult Export(
        string checkpointFolder, string onnxPath, OnnxExportOptions? options = null, Action<string>? verify = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(checkpointFolder);
        ArgumentException.ThrowIfNullOrEmpty(onnxPath);
        options ??= new();
        options.Validate();
        string target = Path.GetDirectoryName(Path.GetFullPath(onnxPath))!;
        if (!Directory.Exists(target))
            throw new DirectoryNotFoundException(
                $"There is no folder '{target}' to write {Path.GetFileName(onnxPath)} to. Create it, or correct the path.");
        Checkpoint checkpoint = Checkpoint.Open(checkpointFolder);
        options.Validate(checkpoint.Config);
        if (options.GenAiFiles && Path.GetFullPath(checkpointFolder).TrimEnd(Path.DirectorySeparatorChar) == target)
            throw new ArgumentException($"{onnxPath}: onnxruntime-genai's tokenizer.json would replace the checkpoint's. Write elsewhere.");
        IReadOnlyList<(string Name, string Content)> genAiFiles =
            options.GenAiFiles ? GenAiFiles.Of(checkpoint, Path.GetFileName(onnxPath)) : [];
        HMatrices[] matrices = HMatrices.Project(checkpoint);
        OnnxModel model = Model(checkpoint, matrices, options);
        ExternalData? data = options.ExternalData || new ModelStream(model).Length > options.LargestFile - MetadataMargin ? new() : null;
        string dataPath = ModelFiles.DataPath(onnxPath);
        (string key, string json) = OnnxMetadata.ExternalData(data is null ? null : Path.GetFileName(dataPath));
        model.Proto.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = json });
        ModelFiles.Write(onnxPath, data?.Take(model, Path.GetFileName(dataPath)) ?? model, data, genAiFiles, verify);
        return new(onnxPath, new FileInfo(onnxPath).Length + (data?.Length ?? 0), model.Graph.Node.Count,
            OnnxModelSummary.CountParameters(model.Graph),
            matrices.Select(h => h.MaxRowError).DefaultIfEmpty().Max(), matrices.Select(h => h.MaxColumnError).DefaultIfEmpty().Max())
        {
            DataPath = data is null ? null : dataPath,
            Layout = model.Residual.Layout,
            LargestPrunedWeight = model.Residual.LargestPrunedWeight,
        };
    }

    internal static OnnxModel Model(Checkpoint checkpoint, HMatrices[] matrices, OnnxExportOptions options)
    {
        var builder = new GraphBuilder("mhc", options.Opset);
        var residual = ResidualStreams.Of(builder, checkpoint, matrices, options);
        var graph = new MhcGraph(builder, checkpoint, new ModelWeights(builder, checkpoint, options.Precision), residual);
        switch (options.Outputs)
        {
            case OnnxOutputs.Scores:
                graph.BuildScores(options);
                break;
            case OnnxOutputs.Logits:
                graph.BuildLogits();
                break;
            default:
                graph.BuildDecoder();
                break;
        }
        var model = new ModelProto
        {
            IrVersion = IrVersion(options.Opset),
            ProducerName = OnnxMetadata.ProducerName,
            ProducerVersion = OnnxMetadata.ProducerVersion,
            OpsetImport = { new OperatorSetIdProto { Version = options.Opset } },
            Graph = builder.Build(),
        };
        if (model.Graph.Node.Any(node => node.Domain == GraphBuilder.Microsoft))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = GraphBuilder.Microsoft, Version = GraphBuilder.MicrosoftOpset });
        foreach ((string key, string json) in OnnxMetadata.Of(checkpoint, matrices, residual.Layout, options.Precision))
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = json });
        GraphCheck.ThrowIfWrong(model);
        return new(model, builder.Weights, residual);
    }

    // The versions of the format that came with these opsets.
    private static int IrVersion(int opset) => opset switch
    {
        OnnxExportOptions.OlderOpset => 8,
        OnnxExportOptions.DefaultOpset => 9,
        _ => 11,
    };
}
