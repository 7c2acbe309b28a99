using Google.Protobuf;
using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>
/// Turns a checkpoint folder into one ONNX file that any ONNX Runtime can run. Stream matrices that do not depend on the token are
/// projected to constants.
/// </summary>
public static class OnnxExporter
{
    // Protobuf's limit is 2 GiB; what is not weights stays far below this margin.
    private const long LargestWeightBytes = int.MaxValue - (16 << 20);

    /// <summary>
    /// Exports a checkpoint. The file appears whole or not at all, replaces one that is there, and its bytes depend on the checkpoint,
    /// the options and the package's version only.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The options ask for outputs that there are not.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such checkpoint folder, or no folder to write to.</exception>
    /// <exception cref="FileNotFoundException">The checkpoint lacks a file.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or its weights are NaN or infinite.</exception>
    /// <exception cref="NotSupportedException">The model does not fit one ONNX file, which is less than 2 GiB.</exception>
    public static OnnxExportResult Export(string checkpointFolder, string onnxPath, OnnxExportOptions? options = null)
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
        if (checkpoint.WeightBytes > LargestWeightBytes)
            throw new NotSupportedException(
                $"The model has {checkpoint.WeightBytes} bytes of weights; one ONNX file holds less than 2 GiB, "
                + $"of which weights at most {LargestWeightBytes}. Train a smaller model.");
        options.Validate(checkpoint.Config);
        HMatrices[] matrices = HMatrices.Project(checkpoint);
        var builder = new GraphBuilder("mhc", options.Opset);
        ResidualStreams residual = ResidualStreams.Of(builder, checkpoint, matrices, options);
        ModelProto model = Model(builder, checkpoint, matrices, residual, options);
        Write(model, onnxPath);
        return new(onnxPath, new FileInfo(onnxPath).Length, model.Graph.Node.Count, OnnxModelSummary.CountParameters(model.Graph),
            matrices.Select(h => h.MaxRowError).DefaultIfEmpty().Max(), matrices.Select(h => h.MaxColumnError).DefaultIfEmpty().Max(),
            residual.Layout, residual.LargestPrunedWeight);
    }

    internal static ModelProto Model(Checkpoint checkpoint, HMatrices[] matrices, OnnxExportOptions options)
    {
        var builder = new GraphBuilder("mhc", options.Opset);
        return Model(builder, checkpoint, matrices, ResidualStreams.Of(builder, checkpoint, matrices, options), options);
    }

    private static ModelProto Model(
        GraphBuilder builder, Checkpoint checkpoint, HMatrices[] matrices, ResidualStreams residual, OnnxExportOptions options)
    {
        var graph = new MhcGraph(builder, checkpoint, residual);
        if (options.Outputs == OnnxOutputs.Scores)
            graph.BuildScores(options);
        else
            graph.BuildLogits();
        var model = new ModelProto
        {
            IrVersion = options.Opset == OnnxExportOptions.DefaultOpset ? 9 : 11, // The format's versions that came with these opsets.
            ProducerName = OnnxMetadata.ProducerName,
            ProducerVersion = OnnxMetadata.ProducerVersion,
            OpsetImport = { new OperatorSetIdProto { Version = options.Opset } },
            Graph = builder.Build(),
        };
        foreach ((string key, string json) in OnnxMetadata.Of(checkpoint, matrices, residual.Layout))
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = json });
        return model;
    }

    private static void Write(ModelProto model, string path)
    {
        string temporary = $"{path}.{Guid.NewGuid():n}.tmp";
        try
        {
            using (FileStream file = File.Create(temporary))
                model.WriteTo(file);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
