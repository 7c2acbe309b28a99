namespace Mhc.Onnx;

/// <summary>
/// Layouts <c>unrolled</c> and <c>chunked</c>: what a branch reads is a sum, with constant weights, of what the streams were at the start
/// of the chunk (the embedding, in the first) and of the branch outputs since. These terms flow through the blocks, and writing to the
/// streams is adding a term; the streams themselves are made where a chunk ends. Unrolled is one chunk.
/// </summary>
internal sealed class UnrolledStreams(GraphBuilder g, MhcConfig config, HMatrices[] matrices, int chunkLength, double pruneBelow)
    : StaticStreams(g, config)
{
    private const double SameRatio = 1e-12;

    private readonly GraphBuilder _g = g;

    // The streams that each sublayer reads, in the terms that there are since its chunk's start.
    private readonly StreamWeights[] _streams = Unroll(config.Streams, matrices, chunkLength);
    private readonly HashSet<Value> _read = [];
    private double _largestPrunedWeight;

    public override string Layout => chunkLength < matrices.Length ? "chunked" : "unrolled";

    public override double LargestPrunedWeight => _largestPrunedWeight;

    // What flows: the last branch input, then the terms as rows: (1, N·C) each, but the streams of a chunk's start (S, N·C).
    public override Value[] Start(Value e) => [e, Row(e, "transformer", "embedding_row")];

    public override Value[] Sublayer(Value[] streams, int sublayer, Func<Value, Value> branch)
    {
        Value[] terms = streams[1..];
        Value u;
        using (_g.Scope(HMatrices.ModuleOf(sublayer)))
        {
            if (sublayer > 0 && StartsChunk(sublayer))
                terms = [Sum(terms, After(sublayer - 1).Rows, "streams", isLast: true)];
            u = Read(streams[0], terms, sublayer);                                                        // (N, C)
        }
        return [u, .. terms, Row(branch(u), HMatrices.ModuleOf(sublayer), "branch_output")];
    }

    public override Value End(Value[] streams)
    {
        Value final;
        using (_g.Scope("transformer"))
            final = Sum(streams[1..], After(matrices.Length - 1).Rows, "final", isLast: true);
        return Final(final);
    }

    private static StreamWeights[] Unroll(int count, HMatrices[] matrices, int chunkLength)
    {
        var streams = new StreamWeights[matrices.Length];
        for (int sublayer = 0; sublayer < streams.Length; sublayer++)
        {
            streams[sublayer] = sublayer == 0 ? StreamWeights.OfEmbedding(count)
                : sublayer % chunkLength == 0 ? StreamWeights.OfStreams(count) : streams[sublayer - 1].Write(matrices[sublayer - 1]);
        }
        return streams;
    }

    private bool StartsChunk(int sublayer) => sublayer % chunkLength == 0;

    private StreamWeights After(int sublayer) => _streams[sublayer].Write(matrices[sublayer]);

    private double[] WeightsOf(int sublayer) => _streams[sublayer].Read(matrices[sublayer]);

    // u = h_preᵀ · streams. Where that is a multiple of the last branch input and some of the last branch output, it is made of these.
    private Value Read(Value last, Value[] terms, int sublayer)
    {
        double[] weights = WeightsOf(sublayer);
        if (sublayer == 0)
            return (float)weights[0] == 1 ? last : _g.Mul(last, _g.Scalar((float)weights[0]), "read");
        if (!StartsChunk(sublayer) && Ratio(weights[..^1], WeightsOf(sublayer - 1)) is double ratio)
        {
            if ((float)ratio == 1 && (float)weights[^1] == 1)
                return _g.Add(last, Tokens(terms[^1], "last_output"), "read");
            if (terms.Length > 2)
                (terms, weights) = ([Flat(last, "last_read"), terms[^1]], [ratio, weights[^1]]);
        }
        return Tokens(Sum(terms, [weights], "read", isLast: false), "read");
    }

    private static double? Ratio(double[] row, double[] to)
    {
        double ratio = row[0] / to[0];
        return row.Zip(to).All(pair => Math.Abs(pair.First - ratio * pair.Second) <= SameRatio * Math.Abs(pair.First)) ? ratio : null;
    }

    // (rows, N·C) = weights · terms. Of the branch outputs those without weight are left out; but one that nobody has read by the last sum
    // stays in it, so that no branch is without use.
    /// <param name="isLast">Whether no later sum has these terms.</param>
    private Value Sum(Value[] terms, IReadOnlyList<double[]> weights, string name, bool isLast)
    {
        using IDisposable scope = _g.Scope(name);
        int first = weights[0].Length - (terms.Length - 1);
        int[] columns =
        [
            .. Enumerable.Range(0, weights[0].Length).Where(term => term < first || weights.Any(row => IsKept(row[term]))
                || (isLast && !_read.Contains(terms[term - first + 1]))),
        ];
        Value matrix = Matrix("weights", [.. weights.Select(row => columns.Select(term => IsKept(row[term]) ? row[term] : 0).ToArray())]);
        _largestPrunedWeight = Math.Max(_largestPrunedWeight, weights.Max(row => row.Where(weight => !IsKept(weight)).Sum(Math.Abs)));
        Value[] present = [terms[0], .. columns[first..].Select(term => terms[term - first + 1])];
        _read.UnionWith(present);
        return _g.MatMul(matrix, present is [{ } only] ? only : _g.Concat(present, axis: 0, columns.Length, "terms"));
    }

    private bool IsKept(double weight) => (float)weight != 0 && Math.Abs(weight) >= pruneBelow;

    private Value Row(Value tokens, string scope, string name)
    {
        using (_g.Scope(scope))
            return Flat(tokens, name);
    }
}
