using System.Text.Json.Nodes;
using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>What an exported file says about itself.</summary>
public sealed record OnnxModelSummary
{
    /// <summary><c>name float [batch, tokens]</c> of each input.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The same of each output.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    public required long Opset { get; init; }

    /// <summary><c>Mhc.Onnx 0.1.0</c>.</summary>
    public required string Producer { get; init; }

    public required IReadOnlyDictionary<string, int> OperatorCounts { get; init; }

    /// <summary>Weights in the graph, however they are stored, the folded mixing weights among them.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>With the file of its weights, where there is one.</summary>
    public required long FileBytes { get; init; }

    /// <summary>
    /// Bytes of the tensors in the graph by what they are for, in this order: <c>embedding</c> (the head's too), <c>attention</c>,
    /// <c>mlp</c>, <c>norms</c>, <c>residual</c> (coefficients of the residual streams), <c>constants</c>.
    /// </summary>
    public required IReadOnlyDictionary<string, long> TensorBytes { get; init; }

    /// <summary>The mixing matrices of every sublayer in order, as projected at export; none where the model has no constant ones.</summary>
    /// <remarks>From the metadata: the graph itself may hold products of them.</remarks>
    public required IReadOnlyList<HMatrices> HMatrices { get; init; }

    /// <summary>Keys of docs/onnx-metadata.md to JSON.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>Reads a file that <see cref="OnnxExporter"/> has written. It is parsed, never run.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not an ONNX model, or not one of ours.</exception>
    public static OnnxModelSummary Read(string onnxPath)
    {
        ModelProto model = ExportedFile.Read(onnxPath);
        return new()
        {
            Inputs = [.. model.Graph.Input.Select(Text)],
            Outputs = [.. model.Graph.Output.Select(Text)],
            Opset = model.OpsetImport.Single(opset => opset.Domain.Length == 0).Version,
            Producer = $"{model.ProducerName} {model.ProducerVersion}",
            OperatorCounts = model.Graph.Node.CountBy(node => node.OpType).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(),
            ParameterCount = CountParameters(model.Graph),
            FileBytes = new FileInfo(onnxPath).Length + Onnx.ExternalData.LengthOf(model.Graph),
            TensorBytes = TensorKinds.Bytes(model.Graph),
            HMatrices = Matrices(model.MetadataProps.FirstOrDefault(entry => entry.Key == "mhc.h_matrices")?.Value),
            Metadata = model.MetadataProps.ToDictionary(entry => entry.Key, entry => entry.Value),
        };
    }

    // Of codes in blocks the product says how many weights they are; their scales are none.
    internal static long CountParameters(GraphProto graph)
    {
        NodeProto[] products = [.. graph.Node.Where(node => node.OpType == "MatMulNBits").DistinctBy(node => node.Input[1])];
        HashSet<string> scales = [.. products.Select(node => node.Input[2])];
        return products.Sum(node => Integer(node, "N") * Integer(node, "K")) + graph.Initializer
            .Where(tensor => tensor.DataType is TensorProto.Types.DataType.Float or TensorProto.Types.DataType.Float16)
            .Where(tensor => !scales.Contains(tensor.Name))
            .Sum(tensor => tensor.Dims.Aggregate(1L, (product, size) => product * size));
    }

    private static long Integer(NodeProto node, string attribute) => node.Attribute.Single(a => a.Name == attribute).I;

    private static HMatrices[] Matrices(string? json) => json is null or "\"none\"" ? []
        : [.. JsonNode.Parse(json)!.AsArray().Select(sublayer => new HMatrices(sublayer!["sublayer"]!.GetValue<string>(),
            Numbers(sublayer["h_pre"]!), [.. sublayer["h_res"]!.AsArray().Select(row => Numbers(row!))], Numbers(sublayer["h_post"]!)))];

    private static double[] Numbers(JsonNode array) => [.. array.AsArray().Select(number => number!.GetValue<double>())];

    private static string Text(ValueInfoProto value)
    {
        TypeProto.Types.Tensor type = value.Type.TensorType;
        IEnumerable<string> shape = type.Shape.Dim.Select(dim => dim.HasDimParam ? dim.DimParam : $"{dim.DimValue}");
        return $"{value.Name} {type.ElemType.ToString().ToLowerInvariant()} [{string.Join(", ", shape)}]";
    }
}
