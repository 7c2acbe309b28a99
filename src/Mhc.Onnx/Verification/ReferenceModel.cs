namespace Mhc.Onnx;

/// <summary>
/// The forward pass in plain loops and double precision: slow, obvious, and the witness that training and the exported graph are
/// compared with. It shares no code with either. Thread-safe.
/// </summary>
/// <remarks>T tokens, S residual streams, C channels, H heads, D head size, V vocabulary. One sequence at a time; no dropout.</remarks>
public sealed class ReferenceModel
{
    private readonly MhcConfig _config;
    private readonly IReadOnlyDictionary<string, float[]> _parameters;

    /// <summary>The model of a checkpoint.</summary>
    /// <inheritdoc cref="Checkpoint.Read" path="/exception"/>
    public ReferenceModel(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        (_config, _parameters) = (checkpoint.Config, checkpoint.ReadAll());
    }

    /// <summary>The logits of every position, [T][V].</summary>
    /// <exception cref="ArgumentException">
    /// There are no tokens, more than the block size, or one is not in the vocabulary.
    /// </exception>
    public double[][] Logits(IReadOnlyList<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        Check(tokens);
        double[][][] streams = [.. Enumerable.Repeat(Embedding(tokens), _config.Streams)];                 // [S][T][C]
        for (int block = 0; block < _config.NLayer; block++)
        {
            string h = $"transformer.h.{block}";
            streams = Sublayer(streams, $"{h}.hc_attn", u => CausalSelfAttention(LayerNorm(u, $"{h}.ln_1"), $"{h}.attn"));
            streams = Sublayer(streams, $"{h}.hc_mlp", u => Mlp(LayerNorm(u, $"{h}.ln_2"), $"{h}.mlp"));
        }
        double[][][] normed = [.. streams.Select(stream => LayerNorm(stream, "transformer.ln_f"))];
        return Linear(WeightedSum(normed, ReductionWeights()), "lm_head");                                // [T][V]
    }

    /// <summary>The natural-log probability of each target, the token that follows each position, [T].</summary>
    /// <inheritdoc cref="Logits" path="/exception"/>
    public double[] LogProbabilities(IReadOnlyList<int> tokens, IReadOnlyList<int> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        return [.. Logits(tokens).Zip(targets, (logits, target) => logits[target] - LogSumExp(logits))];
    }

    /// <summary>The mean negative log probability over all sequences and positions, in nats per token.</summary>
    /// <inheritdoc cref="Logits" path="/exception"/>
    public double Loss(IEnumerable<(IReadOnlyList<int> Tokens, IReadOnlyList<int> Targets)> sequences) =>
        -sequences.SelectMany(sequence => LogProbabilities(sequence.Tokens, sequence.Targets)).Average();

    // wte[token] + wpe[position]
    private double[][] Embedding(IReadOnlyList<int> tokens)
    {
        float[] wte = _parameters["lm_head.weight"];
        float[] wpe = _parameters["transformer.wpe.weight"];
        int channels = _config.NEmbd;
        var x = new double[tokens.Count][];
        for (int t = 0; t < x.Length; t++)
        {
            x[t] = new double[channels];
            for (int c = 0; c < channels; c++)
                x[t][c] = (double)wte[tokens[t] * channels + c] + wpe[t * channels + c];
        }
        return x;
    }

    // u = Σ_s h_pre[s] · streams[s];  new[t] = Σ_s H_res[s, t] · streams[s] + h_post[t] · branch(u)
    private double[][][] Sublayer(double[][][] streams, string path, Func<double[][], double[][]> branch)
    {
        if (_config.Residual == ResidualMode.None)
            return [WeightedSum([streams[0], branch(streams[0])], [1, 1])];
        double[] hPre = Map(_config.HPre, $"{path}.H_pre_logits", 1);
        double[] hPost = Map(_config.HPost, $"{path}.H_post_logits", 2);
        double[,] hRes = HRes(path);
        double[][] y = branch(WeightedSum(streams, hPre));
        var mixed = new double[_config.Streams][][];
        for (int to = 0; to < _config.Streams; to++)
        {
            double[] column = [.. Enumerable.Range(0, _config.Streams).Select(from => hRes[from, to])];
            mixed[to] = WeightedSum([WeightedSum(streams, column), y], [1, hPost[to]]);
        }
        return mixed;
    }

    // Sinkhorn: normalise rows, then columns, again and again; on logarithms, because exp(logit / tau) may not fit a double.
    private double[,] HRes(string path)
    {
        int n = _config.Streams;
        var log = new double[n, n];
        if (_config.HRes == HResProjection.Identity)
        {
            for (int from = 0; from < n; from++)
                for (int to = 0; to < n; to++)
                    log[from, to] = from == to ? 1 : 0;
            return log;
        }
        float[] logits = _parameters[$"{path}.H_res_logits"];
        for (int from = 0; from < n; from++)
            for (int to = 0; to < n; to++)
                log[from, to] = logits[from * n + to] / _config.HResTau;
        for (int i = 0; i < _config.HResIters; i++)
        {
            for (int from = 0; from < n; from++)
            {
                double rowSum = LogSumExp([.. Enumerable.Range(0, n).Select(to => log[from, to])]);
                for (int to = 0; to < n; to++)
                    log[from, to] -= rowSum;
            }
            for (int to = 0; to < n; to++)
            {
                double columnSum = LogSumExp([.. Enumerable.Range(0, n).Select(from => log[from, to])]);
                for (int from = 0; from < n; from++)
                    log[from, to] -= columnSum;
            }
        }
        for (int from = 0; from < n; from++)
            for (int to = 0; to < n; to++)
                log[from, to] = Math.Exp(log[from, to]);
        return log;
    }

    private double[] Map(StreamMap map, string parameter, double sigmoidScale) => map == StreamMap.Softmax
        ? Softmax([.. _parameters[parameter].Select(logit => (double)logit)])
        : [.. _parameters[parameter].Select(logit => sigmoidScale / (1 + Math.Exp(-(double)logit)))];

    private double[] ReductionWeights() => _config.Residual == ResidualMode.None ? [1] : _config.StreamReduce switch
    {
        StreamReduce.Sum => [.. Enumerable.Repeat(1.0, _config.Streams)],
        StreamReduce.Mean => [.. Enumerable.Repeat(1.0 / _config.Streams, _config.Streams)],
        _ => Softmax([.. _parameters["transformer.stream_reduce_logits"].Select(logit => (double)logit)]),
    };

    private double[][] CausalSelfAttention(double[][] x, string path)
    {
        double[][] qkv = Linear(x, $"{path}.c_attn");                                                     // [T][3C]
        int channels = _config.NEmbd, headSize = channels / _config.NHead;
        var y = new double[x.Length][];
        for (int t = 0; t < x.Length; t++)
        {
            y[t] = new double[channels];
            for (int head = 0; head < channels; head += headSize)
            {
                var scores = new double[t + 1];                                                           // none for later tokens
                for (int past = 0; past <= t; past++)
                    for (int d = head; d < head + headSize; d++)
                        scores[past] += qkv[t][d] * qkv[past][channels + d] / Math.Sqrt(headSize);
                double[] weights = Softmax(scores);
                for (int past = 0; past <= t; past++)
                    for (int d = head; d < head + headSize; d++)
                        y[t][d] += weights[past] * qkv[past][2 * channels + d];
            }
        }
        return Linear(y, $"{path}.c_proj");
    }

    private double[][] Mlp(double[][] x, string path)
    {
        double[][] hidden = Linear(x, $"{path}.c_fc");                                                    // [T][4C]
        return Linear([.. hidden.Select(row => Array.ConvertAll(row, Gelu))], $"{path}.c_proj");
    }

    private double[][] LayerNorm(double[][] x, string path)
    {
        float[] weight = _parameters[$"{path}.weight"];
        float[]? bias = _config.Bias ? _parameters[$"{path}.bias"] : null;
        return [.. x.Select(row =>
        {
            double mean = row.Average();
            double variance = row.Average(value => (value - mean) * (value - mean));
            return row.Select((value, c) => (value - mean) / Math.Sqrt(variance + 1e-5) * weight[c] + (bias?[c] ?? 0)).ToArray();
        })];
    }

    // x · weightᵀ + bias; weight is (out, in)
    private double[][] Linear(double[][] x, string path)
    {
        float[] weight = _parameters[$"{path}.weight"];
        float[]? bias = _parameters.GetValueOrDefault($"{path}.bias");
        int inputs = x[0].Length, outputs = weight.Length / inputs;
        var y = new double[x.Length][];
        for (int t = 0; t < x.Length; t++)
        {
            y[t] = new double[outputs];
            for (int o = 0; o < outputs; o++)
            {
                y[t][o] = bias?[o] ?? 0;
                for (int i = 0; i < inputs; i++)
                    y[t][o] += x[t][i] * weight[o * inputs + i];
            }
        }
        return y;
    }

    // Σ_i weights[i] · terms[i]
    private static double[][] WeightedSum(double[][][] terms, double[] weights)
    {
        int tokens = terms[0].Length, channels = terms[0][0].Length;
        var sum = new double[tokens][];
        for (int t = 0; t < tokens; t++)
        {
            sum[t] = new double[channels];
            for (int i = 0; i < terms.Length; i++)
                for (int c = 0; c < channels; c++)
                    sum[t][c] += weights[i] * terms[i][t][c];
        }
        return sum;
    }

    private static double[] Softmax(double[] logits)
    {
        double logSum = LogSumExp(logits);
        return Array.ConvertAll(logits, logit => Math.Exp(logit - logSum));
    }

    private static double LogSumExp(double[] values)
    {
        double largest = values.Max();
        return largest + Math.Log(values.Sum(value => Math.Exp(value - largest)));
    }

    private static double Gelu(double x) => x / 2 * (1 + Erf(x / Math.Sqrt(2)));

    // erf(x) = 2/√π · e^(−x²) · Σ_n 2ⁿ x^(2n+1) / (1·3·…·(2n+1)); every term has x's sign, so nothing cancels.
    private static double Erf(double x)
    {
        if (Math.Abs(x) > 6)
            return Math.Sign(x);
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    private void Check(IReadOnlyList<int> tokens)
    {
        if (tokens.Count == 0 || tokens.Count > _config.BlockSize)
            throw new ArgumentException($"There are {tokens.Count} tokens; expected 1 to {_config.BlockSize}.", nameof(tokens));
        foreach (int token in tokens)
            if (token < 0 || token >= _config.VocabSize)
                throw new ArgumentException($"Token id {token} is not in the vocabulary; expected 0 to {_config.VocabSize - 1}.", nameof(tokens));
    }
}
