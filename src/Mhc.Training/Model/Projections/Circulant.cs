using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// (1 − g)·I + g·Σ_j w_j·shift_j with w the softmax of S logits and shift_j moving every stream j places on, the identity at j = 0.
/// Doubly stochastic exactly; the leak g bounds how far a sublayer can move from the identity.
/// </summary>
internal sealed class Circulant(int streams, double leak) : Projection
{
    public override string Key => "H_res_circulant_logits";

    public override Initial Logits => First(streams, 6);

    public override Tensor Project(Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        // H[from, to] is the weight of the shift by to − from.
        long[] shifts = [.. Enumerable.Range(0, streams * streams).Select(i => (long)((i % streams) - (i / streams) + streams) % streams)];
        Tensor mixed = logits.softmax(-1).index_select(1, tensor(shifts, device: logits.device)).view(-1, streams, streams);
        Tensor identity = eye(streams, dtype: logits.dtype, device: logits.device);
        return (((1 - leak) * identity) + (leak * mixed)).MoveToOuterDisposeScope();
    }
}
