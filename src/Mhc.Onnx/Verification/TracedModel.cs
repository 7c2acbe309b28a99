using Google.Protobuf;
using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>
/// A copy of an exported model that also gives what each sublayer's branch computes, to be compared with <see cref="ReferenceTrace"/>.
/// </summary>
/// <param name="Model">The copy as a file's bytes; weights that lie in another file stay there.</param>
/// <param name="BranchOutputs">
/// Of each sublayer in order its module path, <c>transformer.h.0.attn</c>, and the output of the copy that holds its branch's output, of
/// [batch · tokens, C] values.
/// </param>
public sealed record TracedModel(ReadOnlyMemory<byte> Model, IReadOnlyList<(string Module, string Output)> BranchOutputs)
{
    /// <summary>Reads a file that <see cref="OnnxExporter"/> has written.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not an ONNX model, or not one of ours.</exception>
    public static TracedModel Read(string onnxPath)
    {
        ModelProto model = ExportedFile.Read(onnxPath);
        Dictionary<string, ValueInfoProto> infos = model.Graph.ValueInfo.ToDictionary(info => info.Name);
        (string Module, string Output)[] branches = [.. Branches(model.Graph)];
        foreach ((_, string output) in branches)
            model.Graph.Output.Add(infos.GetValueOrDefault(output) ?? new() { Name = output });
        return new(model.ToByteArray(), branches);
    }

    // The last value that is made under c_proj, whatever operators make it.
    private static IEnumerable<(string Module, string Output)> Branches(GraphProto graph)
    {
        Dictionary<string, string> last = [];
        foreach (NodeProto node in graph.Node)
            if (node.Name.IndexOf("/c_proj/", StringComparison.Ordinal) is var end and >= 0)
                last[node.Name[1..end].Replace('/', '.')] = node.Output[0];
        return last.Select(branch => (branch.Key, branch.Value));
    }
}
