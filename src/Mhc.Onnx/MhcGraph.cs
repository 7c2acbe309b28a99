namespace Mhc.Onnx;

/// <summary>
/// The forward pass as a graph: the same blocks, in the same order and under the same names, as <c>MhcModel</c> in Mhc.Training. Here the
/// tokens of all sequences are rows of one matrix, so that weights stay as they are stored: (out, in), once.
/// </summary>
/// <remarks>B batch, T tokens, N = B·T rows, S residual streams, C channels, H heads, D head size, V vocabulary, P scored positions.</remarks>
internal sealed class MhcGraph(GraphBuilder g, Checkpoint checkpoint)
{
    private const float LayerNormEpsilon = 1e-5f;

    private readonly MhcConfig _config = checkpoint.Config;

    // What every block needs of the input's sizes.
    private sealed record Sequence(Value HeadShape, Value CausalMask);

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
        Value q = Heads(g.Mul(qkv[0], g.Scalar(1 / MathF.Sqrt(headSize)), "scale"), "q", [0, 2, 1, 3]); // (B, H, T, D)
        Value k = Heads(qkv[1], "k", [0, 2, 3, 1]);                                                     // (B, H, D, T)
        Value v = Heads(WithFirstValues(qkv[2], ref firstValues), "v", [0, 2, 1, 3]);                   // (B, H, T, D)
        Value scores = g.Add(g.MatMul(q, k, "scores"), sequence.CausalMask, "mask");                    // (B, H, T, T)
        Value y = g.MatMul(g.Softmax(scores), v, "values");                                             // (B, H, T, D)
        y = g.Reshape(g.Transpose(y, [0, 2, 1, 3], "merge"), ["rows", _config.NEmbd], "merge");         // (N, C)
        return Linear(y, "c_proj");

        Value Heads(Value rows, string name, int[] order) =>
            g.Transpose(g.Reshape(rows, sequence.HeadShape, ["batch", "tokens", _config.NHead, headSize], name), order, name);
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

    // u = Σ_a weights[a] · term_a, which is h_preᵀ · streams.
    private Value Read(Value[] terms, double[] weights, int sublayer)
    {
        using IDisposable scope = HyperConnection(sublayer);
        if (Present([weights]) is [0])
            return (float)weights[0] == 1 ? terms[0] : g.Mul(terms[0], g.Scalar((float)weights[0]), "read");
        return g.Reshape(Mix(terms, [weights], "read"), ["rows", _config.NEmbd], "read");               // (N, C)
    }

    // streams[s] = Σ_a weights[s][a] · term_a
    private Value Streams(Value[] terms, IReadOnlyList<double[]> weights)
    {
        using IDisposable scope = g.Scope("transformer");
        return g.Reshape(Mix(terms, weights, "streams"), [_config.Streams, "rows", _config.NEmbd], "streams"); // (S, N, C)
    }

    private IDisposable HyperConnection(int sublayer) => g.Scope(sublayer % 2 == 0 ? "hc_attn" : "hc_mlp");

    private Value Mix(Value[] terms, IReadOnlyList<double[]> weights, string name)
    {
        using IDisposable scope = g.Scope(name);
        int[] present = Present(weights);
        float[] values = [.. weights.SelectMany(row => present.Select(term => (float)row[term]))];
        Value weight = g.Initializer(g.Key("weights"), values, weights.Count, present.Length);
        Value stacked = g.Concat([.. present.Select(term => terms[term])], axis: 0, "terms·rows");      // (k·N, C)
        return g.MatMul(weight, g.Reshape(stacked, [present.Length, "rows·channels"], "terms"));        // (k, N·C) → (…, N·C)
    }

    // A term whose weight is zero everywhere is left out, but for the embedding, so that there is always one.
    private static int[] Present(IReadOnlyList<double[]> weights) =>
        [.. Enumerable.Range(0, weights[0].Length).Where(term => term == 0 || weights.Any(row => (float)row[term] != 0))];

    // The streams after the last sublayer: (S, N, C), or (N, C) for a plain residual.
    private Value Transformer(Value inputIds, Value wte, StreamCoefficients? mhc)
    {
        Value e;
        Sequence sequence;
        using (g.Scope("transformer"))
        {
            Value tokens = g.Shape(inputIds, start: 1, "tokens");                                       // [T]
            Value wpe = g.SliceRows(Parameter("wpe.weight"), tokens, "tokens", "wpe");                  // (T, C)
            e = g.Add(g.Gather(wte, inputIds, name: "wte"), wpe, "embedding");                          // (B, T, C)
            e = g.Reshape(e, ["rows", _config.NEmbd], "embedding");                                     // (N, C)
            sequence = new(HeadShape(inputIds), CausalMask(tokens));
        }
        return _config.Residual switch
        {
            ResidualMode.Mhc => StaticStreams(mhc!, e, sequence),
            ResidualMode.Hc => TokenDependentStreams(new HyperConnections(g, checkpoint), e, sequence),
            ResidualMode.MhcDynamic => TokenDependentStreams(new DynamicMhc(g, checkpoint), e, sequence),
            _ => PlainResidual(e, sequence),
        };
    }

    private Value PlainResidual(Value x, Sequence sequence)
    {
        Value? firstValues = null;
        for (int sublayer = 0; sublayer < _config.Sublayers; sublayer++)
        {
            using IDisposable scope = g.Scope($"transformer.h.{sublayer / 2}");
            x = g.Add(x, Branch(x, sublayer, sequence, ref firstValues), sublayer % 2 == 0 ? "residual_attn" : "residual_mlp");
        }
        return x;
    }

    // With constant matrices the streams are sums, with constant weights, of the embedding and the branch outputs: these terms flow
    // through the blocks, and only the streams behind the last one are made. Writing to the streams is adding a term.
    private Value StaticStreams(StreamCoefficients mhc, Value e, Sequence sequence)
    {
        Value? firstValues = null;
        Value[] terms = [e];
        for (int sublayer = 0; sublayer < _config.Sublayers; sublayer++)
        {
            using IDisposable scope = g.Scope($"transformer.h.{sublayer / 2}");
            Value branchInput = Read(terms, mhc.BranchInputs[sublayer], sublayer);                      // (N, C)
            Value y = Branch(branchInput, sublayer, sequence, ref firstValues);
            terms = [.. terms, y];
        }
        return Streams(terms, mhc.FinalStreams);
    }

    // Matrices that depend on the token cannot be multiplied beforehand: the streams themselves flow through the blocks.
    private Value TokenDependentStreams(DynamicStreams dynamic, Value e, Sequence sequence)
    {
        Value? firstValues = null;
        Value streams = dynamic.Start(e);                                                               // (N, F·S, C/F)
        for (int sublayer = 0; sublayer < _config.Sublayers; sublayer++)
        {
            using IDisposable scope = g.Scope($"transformer.h.{sublayer / 2}");
            DynamicStreams.Coefficients h;
            Value branchInput;
            using (HyperConnection(sublayer))
            {
                h = dynamic.At(streams);
                branchInput = dynamic.Read(h, streams);                                                 // (N, C)
            }
            Value y = Branch(branchInput, sublayer, sequence, ref firstValues);
            using (HyperConnection(sublayer))
                streams = dynamic.Write(h, streams, y);
        }
        return dynamic.End(streams);
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

    // [B, T, H, D]
    private Value HeadShape(Value inputIds)
    {
        Value heads = g.Constant(_config.NHead, _config.NEmbd / _config.NHead);
        return g.Concat([g.Shape(inputIds, name: "head_shape"), heads], axis: 0, 4, "head_shape");
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

    /// <summary>input_ids, positions, targets → logprobs. Only the scored rows reach ln_f and the vocabulary head.</summary>
    public void BuildScores(StreamCoefficients? mhc)
    {
        Value inputIds = g.Input("input_ids", ElementType.Int64, "batch", "tokens");
        Value positions = g.Input("positions", ElementType.Int64, "scored");
        Value targets = g.Input("targets", ElementType.Int64, "scored");
        Value wte = Parameter("lm_head.weight");
        Value streams = Transformer(inputIds, wte, mhc);
        Value scored = g.Gather(streams, positions, axis: streams.Rank - 2, "scored");                  // (S, P, C)
        Value logits = Head(Reduce(scored, "scored"), wte);                                             // (P, V)
        Value logprobs = g.GatherElements(g.LogSoftmax(logits), g.Reshape(targets, ["scored", 1], "targets"), axis: 1);
        g.Output("logprobs", g.Reshape(logprobs, ["scored"], "logprobs"));                              // (P)
    }

    /// <summary>input_ids → logits.</summary>
    public void BuildLogits(StreamCoefficients? mhc)
    {
        Value inputIds = g.Input("input_ids", ElementType.Int64, "batch", "tokens");
        Value wte = Parameter("lm_head.weight");
        Value streams = Transformer(inputIds, wte, mhc);
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
