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
    private readonly ReferenceResidual _residual;

    /// <summary>The model of a checkpoint.</summary>
    /// <inheritdoc cref="Checkpoint.Read" path="/exception"/>
    public ReferenceModel(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        (_config, _parameters) = (checkpoint.Config, checkpoint.ReadAll());
        _residual = ReferenceResidual.Of(_config, _parameters);
    }

    /// <summary>The logits of every position, [T][V].</summary>
    /// <exception cref="ArgumentException">
    /// There are no tokens, more than the block size, or one is not in the vocabulary.
    /// </exception>
    public double[][] Logits(IReadOnlyList<int> tokens) => Trace(tokens).Logits;

    /// <summary>The logits, and what each branch gave on the way to them.</summary>
    /// <inheritdoc cref="Logits" path="/exception"/>
    public ReferenceTrace Trace(IReadOnlyList<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        Check(tokens);
        double[][][] streams = [.. Enumerable.Repeat(Embedding(tokens), _config.Streams)];                 // [S][T][C]
        double[][]? firstValues = null;
        var branches = new List<(string Module, double[][] Output)>();
        for (int block = 0; block < _config.NLayer; block++)
        {
            string h = $"transformer.h.{block}";
            streams = _residual.Sublayer(streams, $"{h}.hc_attn",
                u => Traced($"{h}.attn", CausalSelfAttention(LayerNorm(u, $"{h}.ln_1"), $"{h}.attn", ref firstValues)));
            streams = _residual.Sublayer(streams, $"{h}.hc_mlp",
                u => Traced($"{h}.mlp", Mlp(LayerNorm(u, $"{h}.ln_2"), $"{h}.mlp")));
        }
        double[][][] normed = [.. streams.Select(stream => LayerNorm(stream, "transformer.ln_f"))];
        return new(branches, Linear(ReferenceMath.WeightedSum(normed, ReductionWeights()), "lm_head"));   // [T][V]

        double[][] Traced(string module, double[][] output)
        {
            branches.Add((module, output));
            return output;
        }
    }

    /// <summary>The natural-log probability of each target, the token that follows each position, [T].</summary>
    /// <inheritdoc cref="Logits" path="/exception"/>
    public double[] LogProbabilities(IReadOnlyList<int> tokens, IReadOnlyList<int> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        return [.. Logits(tokens).Zip(targets, (logits, target) => logits[target] - ReferenceMath.LogSumExp(logits))];
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

    private double[] ReductionWeights() => _config.Residual == ResidualMode.None ? [1] : _config.StreamReduce switch
    {
        StreamReduce.Sum => [.. Enumerable.Repeat(1.0, _config.Streams)],
        StreamReduce.Mean => [.. Enumerable.Repeat(1.0 / _config.Streams, _config.Streams)],
        _ => ReferenceMath.Softmax(Values("transformer.stream_reduce_logits")),
    };

    /// <param name="firstValues">V of the first block, which sets it.</param>
    private double[][] CausalSelfAttention(double[][] x, string path, ref double[][]? firstValues)
    {
        double[][] qkv = Linear(x, $"{path}.c_attn");                                                     // [T][3C]
        int channels = _config.NEmbd, headSize = channels / _config.NHead;
        double[][] v = [.. qkv.Select(row => row[(2 * channels)..])];                                     // [T][C]
        firstValues ??= v;
        v = ReferenceMath.WeightedSum([v, firstValues], ValueWeights(path));
        double[][] y = ReferenceMath.Zeros(x.Length, channels);
        for (int t = 0; t < x.Length; t++)
            for (int head = 0; head < channels; head += headSize)
            {
                var scores = new double[t + 1];                                                           // none for later tokens
                for (int past = 0; past <= t; past++)
                    for (int d = head; d < head + headSize; d++)
                        scores[past] += qkv[t][d] * qkv[past][channels + d] / Math.Sqrt(headSize);
                double[] weights = ReferenceMath.Softmax(scores);
                for (int past = 0; past <= t; past++)
                    for (int d = head; d < head + headSize; d++)
                        y[t][d] += weights[past] * v[past][d];
            }
        return Linear(y, $"{path}.c_proj");
    }

    // Of a block's own values and of the first block's: the value residual, also in the first block.
    private double[] ValueWeights(string path) => _config.ValueResidual switch
    {
        ValueResidual.Free => [Values($"{path}.lamb1")[0], Values($"{path}.lamb2")[0]],
        ValueResidual.Constrained => ReferenceMath.Softmax(Values($"{path}.lamb_logits")),
        _ => [1, 0],
    };

    private double[][] Mlp(double[][] x, string path)
    {
        double[][] hidden = Linear(x, $"{path}.c_fc");                                                    // [T][4C]
        return Linear([.. hidden.Select(row => Array.ConvertAll(row, ReferenceMath.Gelu))], $"{path}.c_proj");
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
                double sum = bias?[o] ?? 0;
                for (int i = 0; i < inputs; i++)
                    sum += x[t][i] * weight[o * inputs + i];
                y[t][o] = sum;
            }
        }
        return y;
    }

    private double[] Values(string parameter) => [.. _parameters[parameter].Select(value => (double)value)];

    private void Check(IReadOnlyList<int> tokens)
    {
        if (tokens.Count == 0 || tokens.Count > _config.BlockSize)
            throw new ArgumentException($"There are {tokens.Count} tokens; expected 1 to {_config.BlockSize}.", nameof(tokens));
        foreach (int token in tokens)
            if (token < 0 || token >= _config.VocabSize)
                throw new ArgumentException($"Token id {token} is not in the vocabulary; expected 0 to {_config.VocabSize - 1}.", nameof(tokens));
    }
}
