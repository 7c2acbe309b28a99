namespace Mhc.Onnx;

/// <summary>
/// The forward pass as a graph: the same blocks, in the same order and under the same names, as <c>MhcModel</c> in Mhc.Training. Here the
/// tokens of all sequences are rows of one matrix, so that weights stay as they are stored: (out, in), once.
/// </summary>
/// <remarks>B batch, T tokens, N = B·T rows, S residual streams, C channels, H heads, D head size, V vocabulary, P scored positions.</remarks>
internal sealed class MhcGraph(GraphBuilder g, Checkpoint checkpoint, ResidualStreams residual)
{
    private const float LayerNormEpsilon = 1e-5f;

    private readonly MhcConfig _config = checkpoint.Config;

    // What every block needs of the input's sizes. Where attention is one operator, it takes [B, T, C] and needs no mask.
    private sealed record Sequence(Value HeadShape, Value? CausalMask);

    private Value Linear(Value x, string name)
    {
        using IDisposable scope = g.Scope(name);
        return g.Gemm(x, Parameter("weight"), Bias());
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
        if (g.HasAttention)
            return Linear(Attention(qkv[0], qkv[1], WithFirstValues(qkv[2], ref firstValues), sequence), "c_proj");
        Value q = Heads(g.Mul(qkv[0], g.Scalar(1 / MathF.Sqrt(headSize)), "scale"), "q", [0, 2, 1, 3]); // (B, H, T, D)
        Value k = Heads(qkv[1], "k", [0, 2, 3, 1]);                                                     // (B, H, D, T)
        Value v = Heads(WithFirstValues(qkv[2], ref firstValues), "v", [0, 2, 1, 3]);                   // (B, H, T, D)
        Value scores = g.Add(g.MatMul(q, k, "scores"), sequence.CausalMask!, "mask");                    // (B, H, T, T)
        Value y = g.MatMul(g.Softmax(scores), v, "values");                                             // (B, H, T, D)
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

        Value Weight(string name, double value) => g.Initializer(g.Key(name), [(float)value]);
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

    private Value Branch(Value branchInput, int sublayer, Sequence sequence, ref Value? firstValues) => sublayer % 2 == 0
        ? CausalSelfAttention(LayerNorm(branchInput, "ln_1"), sequence, ref firstValues)
        : Mlp(LayerNorm(branchInput, "ln_2"));

    // The streams after the last sublayer: (S, N, C), or (N, C) for a plain residual.
    private Value Transformer(Value inputIds, Value wte)
    {
        Value e;
        Sequence sequence;
        using (g.Scope("transformer"))
        {
            Value tokens = g.Shape(inputIds, start: 1, "tokens");                                       // [T]
            Value wpe = g.SliceRows(Parameter("wpe.weight"), tokens, "tokens", "wpe");                  // (T, C)
            e = g.Add(g.Gather(wte, inputIds, name: "wte"), wpe, "embedding");                          // (B, T, C)
            e = g.Reshape(e, ["rows", _config.NEmbd], "embedding");                                     // (N, C)
            sequence = new(HeadShape(inputIds), g.HasAttention ? null : CausalMask(tokens));
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
    private Value HeadShape(Value inputIds)
    {
        Value heads = g.HasAttention ? g.Constant(_config.NEmbd) : g.Constant(_config.NHead, _config.NEmbd / _config.NHead);
        return g.Concat([g.Shape(inputIds, name: "head_shape"), heads], axis: 0, g.HasAttention ? 3 : 4, "head_shape");
    }

    // 0 on and below the diagonal, −∞ above it; made once for all blocks.
    private Value CausalMask(Value tokens)
    {
        using IDisposable scope = g.Scope("causal_mask");
        Value square = g.Concat([tokens, tokens], axis: 0, 2);
        return g.AboveDiagonal(g.ConstantOfShape(square, float.NegativeInfinity, "tokens", "tokens"));  // (T, T)
    }

    private Value Head(Value x, Value wte)
    {
        using IDisposable scope = g.Scope("lm_head");
        return g.Gemm(x, wte, bias: null);                                                              // (rows, V)
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
        Value wte = Parameter("lm_head.weight");
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
        Value wte = Parameter("lm_head.weight");
        Value streams = Transformer(inputIds, wte);
        Value logits = Head(Reduce(streams, "rows"), wte);                                              // (N, V)
        Value shape = g.Concat([g.Shape(inputIds, name: "logits"), g.Constant(_config.VocabSize)], axis: 0, 3, "logits");
        g.Output("logits", g.Reshape(logits, shape, ["batch", "tokens", _config.VocabSize], "logits"));
    }

    // The weights of the present module, as they stand in the checkpoint.
    private Value Parameter(string name)
    {
        string key = g.Key(name);
        Parameter parameter = checkpoint.Parameters.Single(parameter => parameter.Name == key);
        return g.Initializer(key, checkpoint.ReadBytes(key), [.. parameter.Shape.Select(size => (Dim)size)]);
    }

    private double[] Values(string parameter) => Array.ConvertAll(checkpoint.Read(g.Key(parameter)), value => (double)value);

    private Value? Bias() => _config.Bias ? Parameter("bias") : null;
}
