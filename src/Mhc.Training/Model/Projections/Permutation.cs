using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// mHC-lite (arXiv:2601.05732): a softmax over S! logits weighs the permutation matrices, in the lexicographic order of the permutations
/// (the identity first). Doubly stochastic exactly, and every doubly stochastic matrix is such a mean (Birkhoff).
/// </summary>
internal sealed class Permutation(int streams) : Projection
{
    /// <summary>5! = 120 logits a sublayer; 6! would be 720 for 36 entries.</summary>
    public const int MostStreams = 5;

    private readonly int[][] _permutations = [.. Permutations(streams)];

    public override string Key => "H_res_permutation_logits";

    public override Initial Logits => First(_permutations.Length, 8);

    public override Tensor Project(Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        float[] matrices = [.. _permutations.SelectMany(permutation => permutation.SelectMany(
            to => Enumerable.Range(0, streams).Select(column => column == to ? 1f : 0)))];
        Tensor basis = tensor(matrices, [_permutations.Length, streams * streams]).to(logits.dtype, logits.device);
        return logits.softmax(-1).matmul(basis).view(-1, streams, streams).MoveToOuterDisposeScope();
    }

    // permutation[from] = to
    private static IEnumerable<int[]> Permutations(int count)
    {
        return Extend([]);

        IEnumerable<int[]> Extend(int[] begun) => begun.Length == count
            ? [begun]
            : Enumerable.Range(0, count).Except(begun).SelectMany(next => Extend([.. begun, next]));
    }
}
