using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>
/// Whether a model is well formed: names given once, values made before they are used, each with type and shape, operators in a form that
/// the imported opset has, nothing that no output needs. Looked at before a file is written; what it finds is a mistake of this package.
/// </summary>
internal sealed class GraphCheck
{
    private readonly GraphProto _graph;
    private readonly Dictionary<string, long> _opsets;
    private readonly List<string> _problems = [];
    private readonly HashSet<string> _values = new(StringComparer.Ordinal);

    private GraphCheck(ModelProto model) =>
        (_graph, _opsets) = (model.Graph, model.OpsetImport.ToDictionary(opset => opset.Domain, opset => opset.Version));

    /// <exception cref="InvalidOperationException">The model is not well formed; the message has a line for every problem.</exception>
    public static void ThrowIfWrong(ModelProto model)
    {
        List<string> problems = new GraphCheck(model).Problems();
        if (problems.Count > 0)
            throw new InvalidOperationException("The exporter made a graph that is not well formed. This is a mistake of Mhc.Onnx, not of "
                + "the checkpoint: please report it with the checkpoint's config.json."
                + string.Concat(problems.Select(problem => $"{Environment.NewLine}{problem}")));
    }

    private List<string> Problems()
    {
        foreach (ValueInfoProto input in _graph.Input)
            Define(input.Name);
        // An initializer of an input's name is what the input is where it is not given.
        HashSet<string> inputs = [.. _values];
        foreach (TensorProto tensor in _graph.Initializer.Where(tensor => !inputs.Remove(tensor.Name)))
            Define(tensor.Name);
        var nodes = new HashSet<string>(StringComparer.Ordinal);
        foreach (NodeProto node in _graph.Node)
        {
            if (!nodes.Add(node.Name))
                _problems.Add($"{node.Name}: the name is given to two nodes.");
            CheckOperator(node);
            foreach (string input in node.Input.Where(input => input.Length > 0 && !_values.Contains(input)))
                _problems.Add($"{node.Name}: reads `{input}`, which nothing before it makes.");
            foreach (string output in node.Output)
                Define(output);
        }
        CheckTypes();
        CheckUse();
        return _problems;
    }

    private void Define(string value)
    {
        if (!_values.Add(value))
            _problems.Add($"`{value}`: the name is given to two values.");
    }

    private void CheckOperator(NodeProto node)
    {
        string name = node.Domain.Length == 0 ? node.OpType : $"{node.Domain}.{node.OpType}";
        string domain = node.Domain.Length == 0 ? "the opset" : $"the opset of {node.Domain}";
        if (!_opsets.TryGetValue(node.Domain, out long opset))
            _problems.Add($"{node.Name}: {name} is of a domain that the model does not import.");
        else if (OperatorTable.Since(name) is not { } since)
            _problems.Add($"{node.Name}: {name} is not in the table of operators.");
        else if (OperatorTable.At(name, opset) is not { } form)
            _problems.Add($"{node.Name}: {name} is there from {domain} {since} on; the model imports {opset}.");
        else
            CheckForm(node, form, $"{name} of {domain} {opset}");
    }

    private void CheckForm(NodeProto node, OperatorTable.Form form, string name)
    {
        foreach (AttributeProto attribute in node.Attribute.Where(attribute => !form.Attributes.Contains(attribute.Name)))
            _problems.Add($"{node.Name}: {name} has no attribute `{attribute.Name}`.");
        if (node.Input.Count < form.Least || node.Input.Count > form.Most)
            _problems.Add($"{node.Name}: {name} has {form.Least}{(form.Most == form.Least ? "" : form.Most == int.MaxValue ? " or more"
                : $" to {form.Most}")} inputs; this one has {node.Input.Count}.");
    }

    private void CheckTypes()
    {
        Dictionary<string, ValueInfoProto> infos = _graph.ValueInfo.Concat(_graph.Output).DistinctBy(info => info.Name)
            .ToDictionary(info => info.Name);
        foreach (string output in _graph.Node.SelectMany(node => node.Output))
        {
            if (!infos.Remove(output, out ValueInfoProto? info) || info.Type?.TensorType is not { Shape: not null } type
                || type.ElemType == TensorProto.Types.DataType.Undefined)
                _problems.Add($"`{output}`: its type and shape are not told.");
        }
        foreach (string name in infos.Keys)
            _problems.Add($"`{name}`: has a type and a shape, but no node makes it.");
    }

    private void CheckUse()
    {
        HashSet<string> needed = [.. _graph.Output.Select(output => output.Name)];
        foreach (NodeProto node in _graph.Node.Reverse())
        {
            if (node.Output.Any(needed.Contains))
                needed.UnionWith(node.Input);
            else
                _problems.Add($"{node.Name}: no output needs it.");
        }
        foreach (TensorProto tensor in _graph.Initializer.Where(tensor => !needed.Contains(tensor.Name)))
            _problems.Add($"`{tensor.Name}`: an initializer that no output needs.");
    }
}
