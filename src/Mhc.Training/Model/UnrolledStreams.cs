using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// The training pass through static mHC without its streams. Between two sublayers nothing is nonlinear, so in a chunk of k sublayers
/// everything is one linear map of the S streams that enter it and the branch outputs (docs/architecture.md):
/// <code>
///                      streams in   y_0 … y_{k−1}
/// streams out        [                             ]
/// u_{k−1}            [            K                ]   K is (S + k, S + k) and differentiable in the logits
/// …                  [                             ]
/// u_0                [                             ]
/// </code>
/// Forward, u_j is a weighted sum of the rows known so far; backward, the gradient of y_j is a weighted sum, by a column of K, of the
/// gradients known so far; and K's own gradient is one matrix product. Each is one pass over memory, and the S·C values a token of
/// every sublayer are never kept: that is what makes mHC cost about as much as a plain residual.
/// </summary>
internal sealed class UnrolledStreams(MhcModel model, StaticMhc mhc, bool training)
{
    /// <summary>Longer chunks read more earlier outputs for each sublayer, shorter ones write the S streams more often.</summary>
    private const int MostSublayers = 6;

    private readonly int _streams = model.Config.Streams;
    private readonly int _length = Enumerable.Range(1, MostSublayers).Last(k => model.Config.Sublayers % k == 0);
    private readonly List<Chunk> _chunks = [];
    private Tensor? _firstValues, _firstValuesLeaf;

    /// <summary>K of a chunk, and what its sublayers leave for the backward pass.</summary>
    /// <param name="K">(S + k, R), R = S + k but 1 + k in the first chunk, whose streams are all the embedding; in autograd.</param>
    /// <param name="Rows">(R, B·T·C)</param>
    /// <param name="Inputs">u_j, leaves of autograd.</param>
    /// <param name="Outputs">y_j, roots of autograd.</param>
    private sealed record Chunk(Tensor K, Tensor Rows, Tensor[] Inputs, Tensor[] Outputs);

    /// <param name="e">(B, T, C), outside autograd.</param>
    /// <returns>(S, B, T, C), a leaf of autograd.</returns>
    public Tensor Forward(Tensor e)
    {
        Tensor streams = e.view(1, -1);
        int sublayer = 0;
        foreach (Tensor k in Coefficients())
        {
            long entering = streams.shape[0];
            Tensor rows = empty([entering + _length, e.numel()], device: e.device);
            var chunk = new Chunk(k, rows, new Tensor[_length], new Tensor[_length]);
            using (no_grad())
                rows.narrow(0, 0, entering).copy_(streams);
            streams.Dispose();
            for (int j = 0; j < _length; j++, sublayer++)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor u = WeightedSum(k[_streams + _length - 1 - j], rows, entering + j).view(e.shape).requires_grad_();
                Tensor y = model.Branch(sublayer, u, ref _firstValuesLeaf, training);
                if (sublayer == 0 && _firstValuesLeaf is { } values)
                {
                    _firstValues = values.MoveToOuterDisposeScope();
                    _firstValuesLeaf = values.detach().requires_grad_().MoveToOuterDisposeScope();
                }
                using (no_grad())
                {
                    Tensor row = rows[entering + j].view(e.shape);
                    row.copy_(y);
                    // From here on y is needed as the root of its graph: its values are the row's.
                    if (y.dtype == row.dtype)
                        y.set_(row);
                }
                (chunk.Inputs[j], chunk.Outputs[j]) = (u.MoveToOuterDisposeScope(), y.MoveToOuterDisposeScope());
            }
            _chunks.Add(chunk);
            using (no_grad())
                streams = k.narrow(0, 0, _streams).matmul(rows);
        }
        return streams.view([_streams, .. e.shape]).requires_grad_();
    }

    /// <summary>Adds the gradients of every parameter up to the embedding.</summary>
    /// <param name="gradient">(S, B, T, C) of the streams; disposed of, as it is large and no longer needed after the first chunk.</param>
    /// <returns>(B, T, C) of the embedding.</returns>
    public Tensor Backward(Tensor gradient)
    {
        long[] shape = gradient.shape[1..];
        Tensor entering = gradient.view(_streams, -1);
        gradient.Dispose();
        var kGradients = new Stack<Tensor>();
        Tensor rows = empty([_streams + _length, entering.shape[1]], device: entering.device);
        int sublayer = model.Config.Sublayers;
        foreach (Chunk chunk in Enumerable.Reverse(_chunks))
        {
            rows.narrow(0, 0, _streams).copy_(entering);
            entering.Dispose();
            for (int j = _length - 1; j >= 0; j--)
            {
                using DisposeScope scope = NewDisposeScope();
                sublayer--;
                (Tensor u, Tensor y) = (chunk.Inputs[j], chunk.Outputs[j]);
                long known = _streams + _length - 1 - j;
                Tensor k = chunk.K.select(1, chunk.K.shape[1] - _length + j).narrow(0, 0, known);
                Tensor yGradient = WeightedSum(k, rows, known).view(y.shape).to_type(y.dtype);
                // The first block's values are read by every later block, whose backward passes have come by now.
                if (sublayer == 0 && _firstValuesLeaf?.grad is { } valuesGradient)
                    autograd.backward([y, _firstValues!], [yGradient, valuesGradient]);
                else
                    y.backward([yGradient]);
                rows[known].copy_(u.grad!.flatten());
                u.Dispose();
                y.Dispose();
            }
            using IDisposable noGradients = no_grad();
            kGradients.Push(rows.matmul(chunk.Rows.t()));
            entering = chunk.K.narrow(1, 0, chunk.K.shape[1] - _length).t().matmul(rows);
            chunk.Rows.Dispose();
        }
        autograd.backward([.. _chunks.Select(chunk => chunk.K)], [.. kGradients]);
        return entering.view(shape);
    }

    // K of every chunk, made side by side: the loop is over the places in a chunk, not over the sublayers.
    private Tensor[] Coefficients()
    {
        StaticMhc.Matrices h = mhc.Project();
        int size = _streams + _length;
        Tensor hPre = h.HPre.view(-1, _length, 1, _streams), hPost = h.HPost.view(-1, _length, _streams, 1);
        Tensor hRes = h.HRes.reshape(-1, _length, _streams, _streams);
        long chunks = hPre.shape[0];
        Tensor unit = eye(size, device: h.HPre.device);
        Tensor state = unit.narrow(0, 0, _streams).expand(chunks, -1, -1);                     // the streams by rows: (n, S, S + k)
        var reads = new Tensor[_length];
        for (int j = 0; j < _length; j++)
        {
            reads[j] = hPre[.., j].bmm(state);                                                 // (n, 1, S + k)
            state = hRes[.., j].mT.bmm(state) + hPost[.., j].matmul(unit.narrow(0, _streams + j, 1));
        }
        Tensor all = cat([state, .. reads.Reverse()], 1);                                      // (n, S + k, S + k)
        // All streams that enter the first chunk are the embedding: one row in place of S.
        Tensor first = cat([all[0].narrow(1, 0, _streams).sum([1L], keepdim: true), all[0].narrow(1, _streams, _length)], 1);
        return [first, .. Enumerable.Range(1, (int)chunks - 1).Select(chunk => all[chunk])];
    }

    private static Tensor WeightedSum(Tensor weights, Tensor rows, long count)
    {
        using IDisposable noGradients = no_grad();
        return weights.narrow(0, 0, count).unsqueeze(0).matmul(rows.narrow(0, 0, count));
    }
}
