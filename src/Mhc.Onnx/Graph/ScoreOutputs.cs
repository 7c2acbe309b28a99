namespace Mhc.Onnx;

/// <summary>
/// What the scoring graph gives of the log-probabilities (P, V): the targets' own, and what else is asked for. Each output on request
/// holds at most one more value a token and position, while it is computed.
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

    // −Σ p · ln p
    private Value Entropies(Value logprobs)
    {
        using IDisposable scope = g.Scope("entropies");
        return g.Neg(g.SumLastAxis(g.Mul(g.Exp(logprobs), logprobs)));
    }
}
