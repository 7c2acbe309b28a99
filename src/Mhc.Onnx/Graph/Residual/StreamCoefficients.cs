namespace Mhc.Onnx;

/// <summary>
/// The residual streams of static mHC are linear in the terms e (the embedding) and y_0, y_1, … (the branch outputs), so every
/// branch input and every final stream is a constant-weighted sum of terms. These are the weights, computed in double precision.
/// </summary>
/// <param name="BranchInputs">[sublayer][term]: u_b = Σ_a BranchInputs[b][a] · term_a. Term 0 is e, term a is y_{a−1}.</param>
/// <param name="FinalStreams">[stream][term]: the streams after the last sublayer.</param>
internal sealed record StreamCoefficients(IReadOnlyList<double[]> BranchInputs, IReadOnlyList<double[]> FinalStreams)
{
    public static StreamCoefficients Of(IReadOnlyList<HMatrices> sublayers)
    {
        int count = sublayers[0].Streams;
        // streams[s] holds the weights of stream s; before sublayer 0 every stream is e.
        List<double>[] streams = [.. Enumerable.Range(0, count).Select(_ => new List<double> { 1 })];
        var branchInputs = new List<double[]>();
        foreach (HMatrices h in sublayers)
        {
            branchInputs.Add(Mix(streams, s => h.HPre[s]));                       // u      = Σ_s h_pre[s] · streams[s]
            streams = [.. Enumerable.Range(0, count).Select(t =>
                (List<double>)[.. Mix(streams, s => h.HRes[s][t]), h.HPost[t]])]; // new[t] = Σ_s H_res[s, t] · streams[s] + h_post[t] · y
        }
        return new(branchInputs, [.. streams.Select(stream => stream.ToArray())]);
    }

    private static double[] Mix(List<double>[] streams, Func<int, double> weight)
    {
        var mixed = new double[streams[0].Count];
        for (int s = 0; s < streams.Length; s++)
            for (int term = 0; term < mixed.Length; term++)
                mixed[term] += weight(s) * streams[s][term];
        return mixed;
    }
}
