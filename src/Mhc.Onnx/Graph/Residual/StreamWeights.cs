namespace Mhc.Onnx;

/// <summary>
/// What the residual streams of static mHC are made of: between two sublayers nothing is nonlinear, so each stream is a sum, with constant
/// weights, of terms: the embedding or the streams at some earlier place, and the branch outputs since. Double precision.
/// </summary>
/// <param name="Rows">[stream][term]</param>
internal sealed record StreamWeights(IReadOnlyList<double[]> Rows)
{
    /// <summary>Every stream is the one term there is, the embedding.</summary>
    public static StreamWeights OfEmbedding(int streams) => new([.. Enumerable.Repeat(new double[] { 1 }, streams)]);

    /// <summary>The terms are the streams themselves.</summary>
    public static StreamWeights OfStreams(int streams) =>
        new([.. Enumerable.Range(0, streams).Select(s => Enumerable.Range(0, streams).Select(term => s == term ? 1.0 : 0.0).ToArray())]);

    public int Terms => Rows[0].Length;

    /// <summary>u = Σ_s h_pre[s] · streams[s]</summary>
    public double[] Read(HMatrices h) => Mix(s => h.HPre[s]);

    /// <summary>new[t] = Σ_s H_res[s, t] · streams[s] + h_post[t] · y, where y is a term more.</summary>
    public StreamWeights Write(HMatrices h) =>
        new([.. Rows.Select((_, t) => (double[])[.. Mix(s => h.HRes[s][t]), h.HPost[t]])]);

    private double[] Mix(Func<int, double> weight) =>
        [.. Enumerable.Range(0, Terms).Select(term => Enumerable.Range(0, Rows.Count).Sum(s => weight(s) * Rows[s][term]))];
}
