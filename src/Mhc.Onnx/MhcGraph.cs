namespace Mhc.Onnx;

/// <summary>
/// The forward pass as a graph: the same blocks, in the same order and under the same names, as <c>MhcModel</c> in Mhc.Training. Here the
/// tokens of all sequences are rows of one matrix, so that weights stay as they are stored: (out, in), once.
/// </summary>
/// <remarks>
/// B batch, T tokens, N = B·T rows, S residual streams, C channels, H heads, D head size, V vocabulary; P scored positions, or in
/// attention the tokens before those of the run, which decoding alone has.
/// </remarks>
internal sealed class MhcGraph(GraphBuilder g, Checkpoint checkpoint, ModelWeights modelWeights, ResidualStreams residual)
{
    private const float LayerNormEpsilon = 1e-5f;

    private readonly MhcConfig _config = checkpoint.Config;

    // What every block needs of the input's sizes. Where attention is one operator, it takes [B, T, C] and needs no mask.
    private sealed record Sequence(Value HeadShape, Value? Mask, KeyValueCache? Cache);

    private Value Linear(Value x, string name)
    {
        using IDisposable scope = g.Scope(name);
        return modelWeights.Matrix("weight").Linear(x, Bias());
    }

    private Value LayerNorm(Value x, string name)
    {
        using IDisposable scope = g.Scope(name);
        return g.LayerNormalization(x, Parameter("weight"), Bias(), LayerNormEpsilon);
    }

    /// <param name="firstValues">V of the first block, which sets it; used with a value residual alone.</param>
    private Value CausalSelfAttention(Value x, Sequence sequence, ref Value? firstValues)
    {
        using IDisposable scope = g.Scope("attn");
        int headSize = _config.NEmbd / _config.NHead;
        Value[] qkv = g.Split(Linear(x, "c_attn"), axis: 1, parts: 3);                                  // (N, C) each
        if (sequence.Mask is null)
            return Linear(Attention(qkv[0], qkv[1], WithFirstValues(qkv[2], ref firstValues), sequence), "c_proj");
        Value q = Heads(g.Mul(qkv[0], g.Scalar(1 / MathF.Sqrt(headSize), x.Type), "scale"), "q", [0, 2, 1, 3]); // (B, H, T, D)
        Value k = Heads(qkv[1], "k", sequence.Cache is null ? [0, 2, 3, 1] : [0, 2, 1, 3]);             // (B, H, D, T)
        Value v = Heads(WithFirstValues(qkv[2], ref firstValues), "v", [0, 2, 1, 3]);                   // (B, H, T, D)
        if (sequence.Cache is { } cache)
            (k, v) = cache.Append(k, v);                                                                // keys and values of P + T
        Value scores = g.Cast(g.MatMul(q, k, "scores"), ElementType.Float, "scores");                   // (B, H, T, P + T)
        Value attention = g.Cast(g.Softmax(g.Add(scores, sequence.Mask, "mask")), x.Type, "attention");
        Value y = g.MatMul(attention, v, "values");                                                     // (B, H, T, D)
        y = g.Reshape(g.Transpose(y, [0, 2, 1, 3], "merge"), ["rows", _config.NEmbd], "merge");         // (N, C)
        return Linear(y, "c_proj");

        Value Heads(Value rows, string name, int[] order) =>
            g.Transpose(g.Reshape(rows, sequence.HeadShape, ["batch", "tokens", _config.NHead, headSize], name), order, name);
    }

    // (N, C) each → (N, C), in one operator.
    private Value Attention(Value q, Value k, Value v, Sequence sequence)
    {
        Value y = g.CausalAttention(Batched(q, "q"), Batched(k, "k"), Batched(v, "v"), _config.NHead);   // (B, T, C)
        return g.Reshape(y, ["rows", _config.NEmbd], "merge");

        Value Batched(Value rows, string name) => g.Reshape(rows, sequence.HeadShape, ["batch", "tokens", _config.NEmbd], name);
    }

    // The value residual: λ₁·V + λ₂·V₁, which in the first block is (λ₁ + λ₂)·V₁.
    private Value WithFirstValues(Value v, ref Value? firstValues)
    {
        if (_config.ValueResidual == ValueResidual.None)
            return v;
        (double own, double first) = Lambdas();
        using IDisposable scope = g.Scope("value_residual");
        if (firstValues is null)
        {
            firstValues = v;
            return g.Mul(v, Weight("own", own + first), "own");
        }
        return g.Add(g.Mul(v, Weight("own", own), "own"), g.Mul(firstValues, Weight("first", first), "first"));

        Value Weight(string name, double value) => g.Cast(g.Initializer(g.Key(name), [(float)value]), v.Type, $"{name}/weight");
    }

    private (double Own, double First) Lambdas()
    {
        if (_config.ValueResidual == ValueResidual.Free)
            return (Values("lamb1")[0], Values("lamb2")[0]);
        double[] lambdas = HProjection.Softmax(Values("lamb_logits"));
        return (lambdas[0], lambdas[1]);
    }

    private Value Mlp(Value x)
    {
        using IDisposable scope = g.Scope("mlp");
        return Linear(g.Gelu(Linear(x, "c_fc")), "c_proj");                                             // (N, C) → (N, 4C) → (N, C)
    }

    private Value Branch(Value branchInput, int sublayer, Sequence sequence, ref Value? firstValues)
    {
        string name = sublayer % 2 == 0 ? "attn" : "mlp";
        Value x = g.Cast(LayerNorm(branchInput, sublayer % 2 == 0 ? "ln_1" : "ln_2"), modelWeights.Activations, $"{name}/input");
        Value y = sublayer % 2 == 0 ? CausalSelfAttention(x, sequence, ref firstValues) : Mlp(x);
        return g.Cast(y, ElementType.Float, $"{name}/output");
    }

    // The streams after the last sublayer: (S, N, C), or (N, C) for a plain residual.
    private Value Transformer(Value inputIds, IMatrix wte, KeyValueCache? cache = null)
    {
        Value e;
        Sequence sequence;
        using (g.Scope("transformer"))
        {
            Value tokens = g.Shape(inputIds, start: 1, "tokens");                                       // [T]
            Value wpe = cache is null ? g.SliceRows(Parameter("wpe.weight"), tokens, "tokens", "wpe")   // (T, C)
                : g.Gather(Parameter("wpe.weight"), cache.PositionIds, name: "wpe");                    // (B, T, C)
            e = g.Add(wte.Rows(inputIds, "wte"), wpe, "embedding");                                     // (B, T, C)
            e = g.Reshape(e, ["rows", _config.NEmbd], "embedding");                                     // (N, C)
            // In one operator attention is causal by itself; it has no cache, and half precision would be all there is in it.
            sequence = g.HasAttention && cache is null && modelWeights.Activations == ElementType.Float
                ? new(HeadShape(inputIds, _config.NEmbd), null, null)
                : new(HeadShape(inputIds, _config.NHead, _config.NEmbd / _config.NHead), cache?.Mask(tokens) ?? CausalMask(tokens), cache);
        }
        Value? firstValues = null;
        Value[] streams = residual.Start(e);
        for (int sublayer = 0; sublayer < _config.Sublayers; sublayer++)
        {
            using IDisposable scope = g.Scope($"transformer.h.{sublayer / 2}");
            streams = residual.Sublayer(streams, sublayer, u => Branch(u, sublayer, sequence, ref firstValues));
        }
        return residual.End(streams);
    }

    // ln_f is applied to each stream, then they become one, Σ_s weight_s · streams[s].
    private Value Reduce(Value streams, Dim rows)
    {
        using IDisposable scope = g.Scope("transformer");
        Value x = LayerNorm(streams, "ln_f");                                                           // (S, rows, C)
        if (_config.Residual == ResidualMode.None)
            return x;
        Value weight = g.Initializer(g.Key("stream_reduce.weights"), ReductionWeights(), 1, _config.Streams);
        x = g.Reshape(x, [_config.Streams, "rows·channels"], "stream_reduce/streams");
        return g.Reshape(g.MatMul(weight, x, "stream_reduce"), [rows, _config.NEmbd], "stream_reduce"); // (rows, C)
    }

    private float[] ReductionWeights() => _config.StreamReduce switch
    {
        StreamReduce.Sum => [.. Enumerable.Repeat(1f, _config.Streams)],
        StreamReduce.Mean => [.. Enumerable.Repeat(1f / _config.Streams, _config.Streams)],
        _ => Array.ConvertAll(HProjection.Softmax(Values("stream_reduce_logits")), weight => (float)weight),
    };

    // [B, T, H, D], or [B, T, C]
    private Value HeadShape(Value inputIds, params long[] channels) =>
        g.Concat([g.Shape(inputIds, name: "head_shape"), g.Constant(channels)], axis: 0, 2 + channels.Length, "head_shape");

    // 0 on and below the diagonal, −∞ above it; made once for all blocks.
    private Value CausalMask(Value tokens)
    {
        using IDisposable scope = g.Scope("causal_mask");
        Value square = g.Concat([tokens, tokens], axis: 0, 2);
        return g.AboveDiagonal(g.ConstantOfShape(square, float.NegativeInfinity, "tokens", "tokens"));  // (T, T)
    }

    private Value Head(Value x, IMatrix wte)
    {
        using IDisposable scope = g.Scope("lm_head");
        return wte.Linear(x, bias: null);                                                               // (rows, V)
    }

    /// <summary>
    /// input_ids, positions, targets → logprobs and what else is asked for. Only the scored rows reach the vocabulary head, and ln_f unless
    /// all are asked for.
    /// </summary>
    public void BuildScores(OnnxExportOptions options)
    {
        Value inputIds = g.Input("input_ids", ElementType.Int64, "batch", "tokens");
        Value positions = g.Input("positions", ElementType.Int64, "scored");
        Value targets = g.Input("targets", ElementType.Int64, "scored");
        IMatrix wte = modelWeights.Matrix("lm_head.weight");
        Value streams = Transformer(inputIds, wte);
        Value scored = options.Hidden
            ? g.Gather(Hidden(streams, inputIds), positions, name: "scored")                            // (P, C)
            : Reduce(g.Gather(streams, positions, axis: streams.Rank - 2, "scored"), "scored");         // (S, P, C) → (P, C)
        new ScoreOutputs(g, options).Build(g.LogSoftmax(Head(scored, wte)), targets);                   // (P, V), (P)
    }

    // What the head reads, of every position: (N, C), and an output.
    private Value Hidden(Value streams, Value inputIds)
    {
        Value x = Reduce(streams, "rows");
        Value shape = g.Concat([g.Shape(inputIds, name: "hidden"), g.Constant(_config.NEmbd)], axis: 0, 3, "hidden");
        g.Output("hidden", g.Reshape(x, shape, ["batch", "tokens", _config.NEmbd], "hidden"));
        return x;
    }

    /// <summary>input_ids → logits.</summary>
    public void BuildLogits()
    {
        Value inputIds = g.Input("input_ids", ElementType.Int64, "batch", "tokens");
        IMatrix wte = modelWeights.Matrix("lm_head.weight");
        Value streams = Transformer(inputIds, wte);
        Value logits = Head(Reduce(streams, "rows"), wte);                                              // (N, V)
        Value shape = g.Concat([g.Shape(inputIds, name: "logits"), g.Constant(_config.VocabSize)], axis: 0, 3, "logits");
        g.Output("logits", g.Reshape(logits, shape, ["batch", "tokens", _config.VocabSize], "logits"));
    }

    /// <summary>
    /// input_ids, attention_mask, position_ids, past_key_values → logits of the last tokens of each sequence, present key values: the names
    /// of onnxruntime-genai.
    /// </summary>
    public void BuildDecoder()
    {
        Value inputIds = g.Input("input_ids", ElementType.Int64, "batch", "tokens");
        var cache = new KeyValueCache(g, _config, modelWeights.Activations);
        Value kept = g.OptionalInput("num_logits_to_keep", 0);
        IMatrix wte = modelWeights.Matrix("lm_head.weight");
        Value streams = Transformer(inputIds, wte, cache);
        Value logits = Head(Reduce(LastTokens(streams, inputIds, kept), "kept_rows"), wte);             // (B·K, V)
        Value shape = g.Concat([g.FirstSize(inputIds, "logits"), g.Constant(-1, _config.VocabSize)], axis: 0, 3, "logits");
        g.Output("logits", g.Reshape(logits, shape, ["batch", "kept_tokens", _config.VocabSize], "logits"));
        cache.AddOutputs();
    }

    // The rows of the last K tokens of each sequence, of all tokens where K is 0: (S, N, C) → (S, B·K, C).
    private Value LastTokens(Value streams, Value inputIds, Value count)
    {
        using IDisposable scope = g.Scope("last_tokens");
        Dim[] outer = streams.Shape[..^2];
        Value sizes = g.Concat([g.Constant([.. outer.Select(size => size.Size)]), g.Shape(inputIds), g.Constant(_config.NEmbd)], axis: 0,
            outer.Length + 3, "sizes");
        Value tokens = g.Reshape(streams, sizes, [.. outer, "batch", "tokens", _config.NEmbd], "tokens");
        tokens = g.SliceFrom(tokens, g.Sub(g.Constant(0), count), outer.Length + 1, "kept_tokens");
        return g.Reshape(tokens, [.. outer, "kept_rows", _config.NEmbd], "rows");
    }

    private Value Parameter(string name) => modelWeights.Parameter(name);

    private double[] Values(string parameter) => Array.ConvertAll(checkpoint.Read(g.Key(parameter)), value => (double)value);

    private Value? Bias() => _config.Bias ? Parameter("bias") : null;
}
