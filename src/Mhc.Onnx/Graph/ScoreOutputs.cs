namespace Mhc.Onnx;

/// <summary>
/// What the scoring graph gives of the log-probabilities (P, V): the targets' own, and what else is asked for. Ranks and entropies hold a
/// second array of that size while they are computed, one after the other; ranks a Boolean for each value besides.
/// </summary>
/// <remarks>P scored positions, V vocabulary.</remarks>
internal sealed class ScoreOutputs(GraphBuilder g, OnnxExportOptions options)
{
    public void Build(Value logprobs, Value targets)
    {
        Value column = g.GatherElements(logprobs, g.Reshape(targets, ["scored", 1], "targets"), axis: 1); // (P, 1)
        g.Output("logprobs", g.Reshape(column, ["scored"], "logprobs"));                                  // (P)
        if (options.TopK > 0)
            Top(logprobs);
        if (options.Ranks)
            g.Output("ranks", Ranks(logprobs, column));                                                   // (P)
        if (options.Entropies)
            g.Output("entropies", Entropies(logprobs));                                                   // (P)
    }

    private void Top(Value logprobs)
    {
        (Value values, Value ids) = g.TopK(logprobs, options.TopK, "top");                                // (P, K) each
        g.Output("top_ids", ids);
        g.Output("top_logprobs", values);
    }

    // 1 + the number of tokens above the target: those that tie share the best of their ranks.
    private Value Ranks(Value logprobs, Value targets)
    {
        using IDisposable scope = g.Scope("ranks");
        Value above = g.Cast(g.Greater(logprobs, targets), ElementType.Int32, "above");                   // (P, V)
        return g.Add(g.Cast(g.SumLastAxis(above), ElementType.Int64, "count"), g.Scalar(1L));             // (P)
    }

    // −Σ p · ln p, as a product of a row and a column for each position, which needs no room for the terms.
    private Value Entropies(Value logprobs)
    {
        using IDisposable scope = g.Scope("entropies");
        Dim vocabulary = logprobs.Shape[1];
        Value p = g.Reshape(g.Exp(logprobs), ["scored", 1, vocabulary], "p");                             // (P, 1, V)
        Value sum = g.MatMul(p, g.Reshape(logprobs, ["scored", vocabulary, 1], "ln_p"));                  // (P, 1, 1)
        return g.Neg(g.Reshape(sum, ["scored"], "sum"));                                                  // (P)
    }
}
