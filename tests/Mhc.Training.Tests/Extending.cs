using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>The projection that docs/extending.md shows.</summary>
public class Extending
{
    [Fact]
    public void TheDocumentShowsThisCode()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Fixtures.Repository, "tests", "Mhc.Training.Tests", "Extending.cs"));
        IEnumerable<string> code = lines.SkipWhile(line => line != "// extending: begin").Skip(1).TakeWhile(line => line != "// extending: end");

        Assert.Contains($"```csharp\n{string.Join('\n', code)}\n```", File.ReadAllText(Path.Combine(Fixtures.Repository, "docs", "extending.md")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void ItIsDoublyStochasticAndLearns()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = tensor([-5.0, 2.0], [2, 1]).requires_grad_();

        Tensor hRes = new Averaging(4).Project(logits);

        Assert.Equal([2, 4, 4], hRes.shape);
        TensorAssert.Close("rows", [1, 1, 1, 1, 1, 1, 1, 1], hRes.sum([2L]).ToDoubles(), 1e-12);
        TensorAssert.Close("columns", [1, 1, 1, 1, 1, 1, 1, 1], hRes.sum([1L]).ToDoubles(), 1e-12);
        hRes[.., 0, 0].sum().backward();
        Assert.All(logits.grad!.ToDoubles(), gradient => Assert.NotEqual(0, gradient));
    }
}

// extending: begin
internal sealed class Averaging(int streams) : Projection
{
    public override string Key => "H_res_averaging_logit";

    // sigmoid(−5) = 0.007: near the identity, and able to learn.
    public override Initial Logits => new([1], [-5]);

    public override Tensor Project(Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor g = logits.sigmoid().view(-1, 1, 1);
        Tensor identity = eye(streams, dtype: logits.dtype, device: logits.device);
        return (((1 - g) * identity) + (g / streams)).MoveToOuterDisposeScope();
    }
}
// extending: end
