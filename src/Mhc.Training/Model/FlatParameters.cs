using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// All parameters of a model as views of one float32 tensor, and all their gradients as views of another, so that zeroing, the
/// gradient norm and an optimiser step are a handful of tensor operations whatever the depth. In half precision the matrices and
/// embeddings that the model computes with are views of a shadow of the first part, made anew by one cast after each step.
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    private readonly Dictionary<string, (int Index, long Offset)> _places = new(StringComparer.Ordinal);
    private readonly List<Parameter> _leaves = [];
    private readonly long[] _ends;
    private readonly Tensor? _shadow, _shadowGradients;
    private long _covered;

    public FlatParameters(IReadOnlyList<ParameterSpec> specs, Device device, ScalarType computeType = ScalarType.Float32)
    {
        Specs = specs;
        ComputeType = computeType;
        long offset = 0;
        foreach ((int index, ParameterSpec spec) in specs.Index())
        {
            _places.Add(spec.Name, (index, offset));
            offset += spec.Elements;
        }
        Debug.Assert(specs.Zip(specs.Skip(1)).All(pair => pair.First.Group <= pair.Second.Group), "Groups stand in their order.");
        _ends = [.. Enum.GetValues<ParameterGroup>().Select(group => specs.Where(spec => spec.Group <= group).Sum(spec => spec.Elements))];
        Values = zeros(offset, ScalarType.Float32, device).DetachFromDisposeScope();
        Gradients = zeros(offset, ScalarType.Float32, device).DetachFromDisposeScope();
        if (computeType != ScalarType.Float32)
        {
            _shadow = zeros(EndOf(ParameterGroup.Embeddings), computeType, device).DetachFromDisposeScope();
            _shadowGradients = zeros_like(_shadow).DetachFromDisposeScope();
        }
    }

    /// <summary>What the model's matrix products compute in.</summary>
    public ScalarType ComputeType { get; }

    public IReadOnlyList<ParameterSpec> Specs { get; }

    /// <summary>(N) every value.</summary>
    public Tensor Values { get; }

    /// <summary>(N) every gradient; a backward pass adds to it.</summary>
    public Tensor Gradients { get; }

    /// <summary>Where a group ends in the flat buffers.</summary>
    public long EndOf(ParameterGroup group) => _ends[(int)group];

    /// <summary>The autograd leaf of one parameter.</summary>
    public Parameter Leaf(string name) => MakeLeaf(_places[name].Offset, Specs[_places[name].Index].Shape);

    /// <summary>A second leaf over a parameter's float32 values, whatever the model computes in.</summary>
    public Parameter Float32Leaf(string name) => MakeLeaf(Values, Gradients, _places[name].Offset, Specs[_places[name].Index].Shape);

    /// <summary>The parameter, or null where the model has none of that name (biases).</summary>
    public Parameter? LeafOrNull(string name) => _places.ContainsKey(name) ? Leaf(name) : null;

    /// <summary>One autograd leaf (n, …) for parameters of one shape that lie side by side: a batch without a copy.</summary>
    public Parameter StackedLeaf(IReadOnlyList<string> names)
    {
        (int first, long offset) = _places[names[0]];
        ParameterSpec spec = Specs[first];
        Debug.Assert(names.Select((name, i) => _places[name].Offset == offset + (i * spec.Elements)).All(adjacent => adjacent));
        return MakeLeaf(offset, [names.Count, .. spec.Shape]);
    }

    /// <summary>A view of one parameter's values, outside autograd.</summary>
    public Tensor ValueOf(string name) => View(Values, name);

    /// <summary>A view of one parameter's gradient.</summary>
    public Tensor GradientOf(string name) => View(Gradients, name);

    /// <summary>Draws or sets the initial values, in the order of the table.</summary>
    public void Initialize(long seed)
    {
        using DisposeScope scope = NewDisposeScope();
        // Drawn on the CPU, so that a seed gives the same model on every device.
        using var generator = new Generator((ulong)seed);
        using IDisposable noGradients = no_grad();
        foreach (ParameterSpec spec in Specs)
        {
            if (spec.Std > 0)
                ValueOf(spec.Name).copy_(randn(spec.Shape, generator: generator) * spec.Std);
            if (spec.Mean is { } mean)
                ValueOf(spec.Name).add_(tensor(mean, spec.Shape).to(Values.device));
        }
        CastValues();
    }

    /// <summary>Gives the model the current values in the type that it computes in; after every change of <see cref="Values"/>.</summary>
    public void CastValues()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        _shadow?.copy_(Values.narrow(0, 0, _shadow.numel()));
    }

    /// <summary>
    /// Adds to <see cref="Gradients"/> what a backward pass left in half precision, so that micro-batches add up in float32.
    /// </summary>
    public void CollectGradients()
    {
        if (_shadowGradients is not null)
            Collect(0, _shadowGradients.numel());
    }

    /// <summary>The same for one parameter that gets several contributions in a backward pass.</summary>
    public void CollectGradients(string name)
    {
        if (_shadowGradients is not null)
            Collect(_places[name].Offset, Specs[_places[name].Index].Elements);
    }

    /// <summary>Little-endian float32 bytes of one parameter.</summary>
    public byte[] BytesOf(string name) => BytesOf(Values, name);

    /// <param name="flat">(N) values that belong to the parameters, such as an optimiser's.</param>
    public byte[] BytesOf(Tensor flat, string name)
    {
        using DisposeScope scope = NewDisposeScope();
        return View(flat, name).cpu().contiguous().bytes.ToArray();
    }

    /// <summary>Sets one parameter; <see cref="CastValues"/> follows when all are set.</summary>
    public void SetBytes(string name, byte[] bytes) => SetBytes(Values, name, bytes);

    public void SetBytes(Tensor flat, string name, byte[] bytes)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        View(flat, name).copy_(tensor(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), Specs[_places[name].Index].Shape));
    }

    public void ZeroGradients() => Gradients.zero_().Dispose();

    /// <summary>
    /// Asserts that every element belongs to exactly one leaf: a parameter that no module took would silently never learn.
    /// </summary>
    public void AssertCovered() => Debug.Assert(_covered == Values.numel(), "Some parameter has no leaf.");

    public void Dispose()
    {
        foreach (Parameter leaf in _leaves)
            leaf.Dispose();
        Values.Dispose();
        Gradients.Dispose();
        _shadow?.Dispose();
        _shadowGradients?.Dispose();
    }

    private Parameter MakeLeaf(long offset, long[] shape)
    {
        bool isShadowed = _shadow is not null && offset < _shadow.numel();
        Parameter leaf = MakeLeaf(isShadowed ? _shadow! : Values, isShadowed ? _shadowGradients! : Gradients, offset, shape);
        _covered += leaf.numel();
        return leaf;
    }

    private Parameter MakeLeaf(Tensor values, Tensor gradients, long offset, long[] shape)
    {
        long elements = shape.Aggregate(1L, (product, size) => product * size);
        var leaf = new Parameter(values.narrow(0, offset, elements).view(shape));
        leaf.DetachFromDisposeScope();
        leaf.grad = gradients.narrow(0, offset, elements).view(shape);
        _leaves.Add(leaf);
        return leaf;
    }

    private void Collect(long offset, long elements)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor half = _shadowGradients!.narrow(0, offset, elements);
        Gradients.narrow(0, offset, elements).add_(half);
        half.zero_();
    }

    private Tensor View(Tensor flat, string name)
    {
        (int index, long offset) = _places[name];
        using Tensor slice = flat.narrow(0, offset, Specs[index].Elements);
        return slice.view(Specs[index].Shape);
    }
}
