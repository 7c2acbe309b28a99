namespace Mhc.Onnx;

/// <summary>
/// Keys and values of earlier tokens, which decoding keeps from one run to the next: inputs and outputs under the names of
/// onnxruntime-genai. The values that are kept are those that attention mixes, the first block's already in them, so that a value residual
/// needs no cache of its own; nor do residual streams, which are a token's own.
/// </summary>
/// <remarks>B batch, T tokens, P tokens before, H heads, D head size.</remarks>
internal sealed class KeyValueCache
{
    private readonly GraphBuilder _g;
    private readonly Value _attentionMask;
    private readonly (Value Key, Value Value)[] _past;
    private readonly List<(Value Key, Value Value)> _present = [];

    /// <param name="type">Of the keys and values.</param>
    public KeyValueCache(GraphBuilder g, MhcConfig config, ElementType type)
    {
        _g = g;
        _attentionMask = g.Input("attention_mask", ElementType.Int64, "batch", "total_tokens");
        PositionIds = g.Input("position_ids", ElementType.Int64, "batch", "tokens");
        Dim[] shape = ["batch", config.NHead, "past_tokens", config.NEmbd / config.NHead];
        _past = [.. Enumerable.Range(0, config.NLayer).Select(block => (
            g.Input($"past_key_values.{block}.key", type, shape),
            g.Input($"past_key_values.{block}.value", type, shape)))];
    }

    /// <summary>(B, T)</summary>
    public Value PositionIds { get; }

    /// <summary>
    /// What is added to a token's scores: 0 for the tokens up to itself that the attention mask has, the lowest number for all others; made
    /// once for all blocks. Not −∞: a padding token may have nothing to look at, and what is computed for it must stay a number.
    /// </summary>
    /// <param name="tokens">[T]</param>
    /// <returns>(B, 1, T, P + T)</returns>
    public Value Mask(Value tokens)
    {
        using IDisposable scope = _g.Scope("attention_mask");
        Value total = _g.Shape(_attentionMask, start: 1, "total");                                      // [P + T]
        Value later = _g.Reshape(_g.Add(_g.Sub(total, tokens), _g.Constant(1), "later"), [], "later");  // P + 1 to the right of itself
        Value causal = _g.ConstantOfShape(_g.Concat([tokens, total], axis: 0, 2), float.MinValue, "tokens", "total_tokens");
        causal = _g.AboveDiagonal(causal, later);                                                       // (T, P + T)
        Value padding = _g.Mul(_g.Sub(_g.Cast(_attentionMask, ElementType.Float), _g.Scalar(1f), "padding"), _g.Scalar(float.MaxValue), "padding");
        Value shape = _g.Concat([_g.FirstSize(_attentionMask, "batch"), _g.Constant(1, 1, -1)], axis: 0, 4, "padding");
        return _g.Min(causal, _g.Reshape(padding, shape, ["batch", 1, 1, "total_tokens"], "padding"));
    }

    /// <summary>Puts a block's new keys and values (B, H, T, D) behind those that it kept; blocks come in their order.</summary>
    /// <returns>Keys (B, H, D, P + T), values (B, H, P + T, D).</returns>
    public (Value Keys, Value Values) Append(Value key, Value value)
    {
        (Value pastKey, Value pastValue) = _past[_present.Count];
        key = _g.Concat([pastKey, key], axis: 2, "total_tokens", "present_key");
        value = _g.Concat([pastValue, value], axis: 2, "total_tokens", "present_value");
        _present.Add((key, value));
        return (_g.Transpose(key, [0, 1, 3, 2], "keys"), value);
    }

    public void AddOutputs()
    {
        foreach ((int block, (Value key, Value value)) in _present.Index())
        {
            _g.Output($"present.{block}.key", key);
            _g.Output($"present.{block}.value", value);
        }
    }
}
