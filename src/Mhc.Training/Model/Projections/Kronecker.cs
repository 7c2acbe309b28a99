using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// A Kronecker product of log₂ S matrices [[a, 1−a], [1−a, a]] with a = sigmoid(logit), the first the most significant bit of a
/// stream's number. Doubly stochastic exactly, with log₂ S parameters.
/// </summary>
internal sealed class Kronecker(int streams) : Projection
{
    private readonly int _factors = BitOperations.Log2((uint)streams);

    public override string Key => "H_res_kronecker_logits";

    public override Initial Logits => new([_factors], [.. Enumerable.Repeat(6f, _factors)]);

    public override Tensor Project(Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = logits.sigmoid();                                                           // (N, log₂ S)
        Tensor pairs = stack([a, 1 - a, 1 - a, a], -1).view(-1, _factors, 2, 2);
        Tensor product = pairs[.., 0];                                                         // (N, 2, 2)
        for (int factor = 1; factor < _factors; factor++)
        {
            long size = product.shape[1];
            product = (product.view(-1, size, 1, size, 1) * pairs[.., factor].view(-1, 1, 2, 1, 2)).view(-1, 2 * size, 2 * size);
        }
        return product.MoveToOuterDisposeScope();
    }
}
