using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Mhc.Training;

// B batch, T tokens, S residual streams, C channels, H heads, D head size, V vocabulary, L blocks

internal sealed class Linear(FlatParameters p, string path)
{
    private readonly Parameter _weight = p.Leaf($"{path}.weight");        // (out, in)
    private readonly Parameter? _bias = p.LeafOrNull($"{path}.bias");

    public Tensor forward(Tensor x) => F.linear(x, _weight, _bias);
}

internal sealed class LayerNorm(FlatParameters p, string path)
{
    private readonly Parameter _weight = p.Leaf($"{path}.weight");
    private readonly Parameter? _bias = p.LeafOrNull($"{path}.bias");

    /// <returns>In float32 whatever the type of <paramref name="x"/>.</returns>
    public Tensor forward(Tensor x) => F.layer_norm(x.to_type(ScalarType.Float32), _weight.shape, _weight, _bias, 1e-5);
}

internal sealed class CausalSelfAttention(FlatParameters p, string path, MhcConfig config)
{
    private readonly Linear _cAttn = new(p, $"{path}.c_attn");
    private readonly Linear _cProj = new(p, $"{path}.c_proj");
    private readonly Parameter? _lamb1 = p.LeafOrNull($"{path}.lamb1"), _lamb2 = p.LeafOrNull($"{path}.lamb2");
    private readonly Parameter? _lambLogits = p.LeafOrNull($"{path}.lamb_logits");

    /// <param name="firstValues">V of the first block, which sets it; used with a value residual alone.</param>
    public Tensor forward(Tensor x, ref Tensor? firstValues, bool training)
    {
        (long b, long t) = (x.shape[0], x.shape[1]);
        Tensor[] qkv = _cAttn.forward(x).view(b, t, 3, config.NHead, config.NEmbd / config.NHead).permute(2, 0, 3, 1, 4).unbind();
        (Tensor q, Tensor k, Tensor v) = (qkv[0], qkv[1], qkv[2]);                             // (B, H, T, D)
        if (config.ValueResidual != ValueResidual.None)
        {
            firstValues ??= v;
            (Tensor own, Tensor first) = Lambdas();
            v = (own * v) + (first * firstValues);                                             // also in the first block
        }
        Tensor y = F.scaled_dot_product_attention(q, k, v, null, training ? config.Dropout : 0, is_casual: true);
        y = _cProj.forward(y.transpose(1, 2).reshape(b, t, config.NEmbd));                     // (B, T, C)
        return F.dropout(y, config.Dropout, training);
    }

    public static IEnumerable<ParameterSpec> ValueResidualParameters(string path, MhcConfig config) => config.ValueResidual switch
    {
        ValueResidual.Free =>
        [
            new($"{path}.lamb1", [], ParameterGroup.ValueResidual, 0, [0.5f]),
            new($"{path}.lamb2", [], ParameterGroup.ValueResidual, 0, [0.5f]),
        ],
        ValueResidual.Constrained => [new($"{path}.lamb_logits", [2], ParameterGroup.ValueResidual, 0, [0, -8])],
        _ => [],
    };

    private (Tensor Own, Tensor First) Lambdas()
    {
        if (_lambLogits is null)
            return (_lamb1!, _lamb2!);
        Tensor lambdas = F.softmax(_lambLogits, 0);
        return (lambdas[0], lambdas[1]);
    }
}

internal sealed class Mlp(FlatParameters p, string path, MhcConfig config)
{
    private readonly Linear _cFc = new(p, $"{path}.c_fc");
    private readonly Linear _cProj = new(p, $"{path}.c_proj");

    public Tensor forward(Tensor x, bool training) => F.dropout(_cProj.forward(F.gelu(_cFc.forward(x))), config.Dropout, training);
}

internal sealed class Block(FlatParameters p, string path, MhcConfig config)
{
    private readonly LayerNorm _ln1 = new(p, $"{path}.ln_1");
    private readonly CausalSelfAttention _attn = new(p, $"{path}.attn", config);
    private readonly LayerNorm _ln2 = new(p, $"{path}.ln_2");
    private readonly Mlp _mlp = new(p, $"{path}.mlp", config);

    public Tensor Attention(Tensor branchInput, ref Tensor? firstValues, bool training) =>
        _attn.forward(_ln1.forward(branchInput).to_type(p.ComputeType), ref firstValues, training);

    public Tensor Mlp(Tensor branchInput, bool training) => _mlp.forward(_ln2.forward(branchInput).to_type(p.ComputeType), training);
}

/// <summary>
/// A GPT-2 shaped transformer with a plain residual, hyper-connections or mHC. The residual streams, LayerNorms, softmaxes and the loss are
/// float32 in every precision. Not thread-safe; dispose it to free its weights.
/// </summary>
public sealed class MhcModel : IDisposable
{
    /// <summary>Logits that exist at one time in a loss: 32 Mi, 128 MiB of float32.</summary>
    private const long LogitsAtOnce = 1 << 25;

    private readonly Parameter _wte, _wteFloat32, _wpe;
    private readonly Block[] _blocks;
    private readonly LayerNorm _lnF;
    private readonly DynamicStreams? _dynamic;
    private readonly Parameter? _streamReduceLogits;

    /// <summary>A model with freshly drawn weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="seed">Seed of the weights; the same on every device.</param>
    /// <param name="device">Where the weights live.</param>
    /// <param name="dtype">What the matrix products compute in; the weights themselves stay float32.</param>
    /// <exception cref="ArgumentException">Lists every value of the configuration that is out of range.</exception>
    public MhcModel(MhcConfig config, long seed, Device device, TrainingDtype dtype = TrainingDtype.Float32) : this(config, device, dtype) =>
        Parameters.Initialize(seed);

    internal MhcModel(MhcConfig config, Device device, TrainingDtype dtype = TrainingDtype.Float32)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Config = config;
        Parameters = new FlatParameters(ParameterTable.Of(config), device, dtype.ScalarType());
        using DisposeScope scope = NewDisposeScope();
        _wte = Parameters.Leaf("lm_head.weight"); // Tied: the token embedding and the head are one parameter.
        _wteFloat32 = Parameters.Float32Leaf("lm_head.weight");
        _wpe = Parameters.Leaf("transformer.wpe.weight");
        _blocks = [.. ParameterTable.Blocks(config).Select(path => new Block(Parameters, path, config))];
        _lnF = new LayerNorm(Parameters, "transformer.ln_f");
        Mhc = config.Residual == ResidualMode.Mhc ? new StaticMhc(Parameters, config) : null;
        _dynamic = config.Residual switch
        {
            ResidualMode.Hc => new HyperConnections(Parameters, config),
            ResidualMode.MhcDynamic => new DynamicMhc(Parameters, config),
            _ => null,
        };
        _streamReduceLogits = Parameters.LeafOrNull("transformer.stream_reduce_logits");
        Parameters.AssertCovered();
    }

    /// <summary>The architecture.</summary>
    public MhcConfig Config { get; }

    /// <summary>How many parameters there are, the tied embedding counted once.</summary>
    public long ParameterCount => Parameters.Values.numel();

    internal FlatParameters Parameters { get; }

    internal StaticMhc? Mhc { get; }

    /// <summary>Called after each sublayer of a forward pass with its index and the streams (S, N) that it leaves.</summary>
    internal Action<int, Tensor>? ObserveStreams { get; set; }

    /// <summary>Loads a checkpoint folder; see docs/checkpoint-format.md. The files are data only: nothing in them is executed.</summary>
    /// <exception cref="InvalidDataException">The files do not match the configuration; every difference is listed.</exception>
    public static MhcModel Load(string checkpointFolder, Device? device = null) => Checkpoint.LoadModel(checkpointFolder, device ?? CPU);

    /// <summary>
    /// Writes a checkpoint folder, which appears whole or not at all: the configuration and the weights. A tokenizer, which belongs to
    /// data, is not in it.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Save(string checkpointFolder) => Checkpoint.Save(checkpointFolder, this, tokenizer: null, metrics: null);

    /// <summary>Logits of every position.</summary>
    /// <param name="tokens">(B, T) int64, T at most the block size.</param>
    /// <param name="training">Whether dropout acts.</param>
    /// <returns>(B, T, V)</returns>
    public Tensor forward(Tensor tokens, bool training = false)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Head(Residual(Embed(tokens, training), training).view(-1, Config.NEmbd));
        return logits.view([.. tokens.shape, Config.VocabSize]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Mean cross-entropy in nats per token. The logits are made in parts, which are freed at once where no gradient is asked for.
    /// </summary>
    /// <param name="tokens">(B, T) int64.</param>
    /// <param name="targets">(B, T) int64: the token that follows each.</param>
    /// <param name="training">Whether dropout acts.</param>
    public Tensor Loss(Tensor tokens, Tensor targets, bool training = false)
    {
        using DisposeScope scope = NewDisposeScope();
        return TokenLosses(tokens, targets, training).mean().MoveToOuterDisposeScope();
    }

    /// <summary>(B·T) cross-entropies in nats, as <see cref="Loss"/> makes them.</summary>
    internal Tensor TokenLosses(Tensor tokens, Tensor targets, bool training = false)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = Residual(Embed(tokens, training), training);
        Tensor[] losses = [.. Parts(x, targets).Select(part => CrossEntropy(part.X, part.Targets))];
        return cat(losses).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The training pass: adds the gradients of scale times the loss to every parameter. What <see cref="Loss"/> and its backward pass
    /// give up to rounding, but neither all logits nor the streams of every sublayer exist at once.
    /// </summary>
    /// <returns>The loss without the scale, outside autograd.</returns>
    internal Tensor Backward(Tensor tokens, Tensor targets, double scale = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor e = Embed(tokens, training: true);
        UnrolledStreams? unrolled = Mhc is null ? null : new UnrolledStreams(this, Mhc, training: true);
        Tensor? streams = unrolled?.Forward(e.detach());
        Tensor x = streams is null ? Residual(e, training: true) : Reduce(streams);
        Tensor leaf = x.detach().requires_grad_();
        Tensor loss = zeros(1, device: tokens.device);
        foreach ((Tensor part, Tensor next) in Parts(leaf, targets))
        {
            using DisposeScope partScope = NewDisposeScope();
            Tensor sum = CrossEntropy(part, next).sum();
            (sum * (scale / targets.numel())).backward();
            loss.add_(sum.detach());
            Parameters.CollectGradients("lm_head.weight");
        }
        x.backward([leaf.grad!]);
        if (unrolled is not null)
        {
            Tensor gradient = streams!.grad!;
            streams.Dispose();
            e.backward([unrolled.Backward(gradient)]);
        }
        Parameters.CollectGradients();
        return (loss / targets.numel()).squeeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights and their gradients.</summary>
    public void Dispose() => Parameters.Dispose();

    /// <summary>A sublayer's own function F: attention or MLP, with its LayerNorm.</summary>
    internal Tensor Branch(int sublayer, Tensor branchInput, ref Tensor? firstValues, bool training = false)
    {
        Block block = _blocks[sublayer / 2];
        return sublayer % 2 == 0 ? block.Attention(branchInput, ref firstValues, training) : block.Mlp(branchInput, training);
    }

    private Tensor Embed(Tensor tokens, bool training)
    {
        (long b, long t) = (tokens.shape[0], tokens.shape[1]);
        // Looked up in float32, so that the gradients of a token's many occurrences add up in float32.
        Tensor e = _wteFloat32.index_select(0, tokens.flatten()).view(b, t, Config.NEmbd) + _wpe.narrow(0, 0, t);
        return F.dropout(e, Config.Dropout, training);                                         // (B, T, C)
    }

    private Tensor Residual(Tensor e, bool training) => Config.Residual switch
    {
        ResidualMode.Mhc => StaticStreams(Mhc!, e, training),
        ResidualMode.None => PlainResidual(e, training),
        _ => TokenDependentStreams(_dynamic!, e, training),
    };

    private Tensor PlainResidual(Tensor x, bool training)
    {
        Tensor? firstValues = null;
        for (int sublayer = 0; sublayer < Config.Sublayers; sublayer++)
        {
            using DisposeScope scope = NewDisposeScope();
            x = Kept(x, x + Branch(sublayer, x, ref firstValues, training), sublayer, firstValues);
        }
        return _lnF.forward(x);
    }

    private Tensor StaticStreams(StaticMhc mhc, Tensor e, bool training)
    {
        Tensor? firstValues = null;
        StaticMhc.Matrices h = mhc.Project();                                                  // every sublayer's, in one batch
        Tensor streams = e.flatten().expand(Config.Streams, -1);                               // (S, B·T·C)
        for (int sublayer = 0; sublayer < Config.Sublayers; sublayer++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor branchInput = StaticMhc.Read(h, sublayer, streams).view(e.shape);           // (B, T, C)
            Tensor y = Branch(sublayer, branchInput, ref firstValues, training);
            Tensor next = StaticMhc.Write(h, sublayer, streams, y.flatten().to_type(ScalarType.Float32));
            streams = Kept(streams, next, sublayer, firstValues);
            ObserveStreams?.Invoke(sublayer, streams);
        }
        return Reduce(streams.view([Config.Streams, .. e.shape]));
    }

    private Tensor TokenDependentStreams(DynamicStreams dynamic, Tensor e, bool training)
    {
        Tensor? firstValues = null;
        Func<int, Tensor, DynamicStreams.Coefficients> coefficients = dynamic.Prepare();
        Tensor streams = dynamic.Start(e);                                                     // (B·T, F·S, C/F)
        for (int sublayer = 0; sublayer < Config.Sublayers; sublayer++)
        {
            using DisposeScope scope = NewDisposeScope();
            DynamicStreams.Coefficients h = coefficients(sublayer, streams);
            (Tensor branchInput, Tensor mixed) = dynamic.Mix(h, streams);
            Tensor y = Branch(sublayer, branchInput.view(e.shape), ref firstValues, training); // (B, T, C)
            streams = Kept(streams, dynamic.Write(h, mixed, y.to_type(ScalarType.Float32)), sublayer, firstValues);
            ObserveStreams?.Invoke(sublayer, dynamic.End(streams).flatten(1));
        }
        return Reduce(dynamic.End(streams).view([Config.Streams, .. e.shape]));
    }

    /// <summary>Of what a sublayer makes, only its result outlives it, and the first block's values: the streams before it can go.</summary>
    private static Tensor Kept(Tensor before, Tensor after, int sublayer, Tensor? firstValues)
    {
        if (sublayer == 0)
            firstValues?.MoveToOuterDisposeScope();
        else
            before.Dispose();
        return after.MoveToOuterDisposeScope();
    }

    /// <summary>ln_f sees each stream (S, B, T, C) on its own, before they become one (B, T, C).</summary>
    private Tensor Reduce(Tensor streams)
    {
        Tensor normed = _lnF.forward(streams);
        return Config.StreamReduce switch
        {
            StreamReduce.Sum => normed.sum([0L]),
            StreamReduce.Mean => normed.mean([0L]),
            _ => tensordot(F.softmax(_streamReduceLogits!, 0), normed, [0L], [0L]),
        };
    }

    private Tensor Head(Tensor x) => F.linear(x.to_type(Parameters.ComputeType), _wte).to_type(ScalarType.Float32);

    private Tensor CrossEntropy(Tensor x, Tensor targets)
    {
        using DisposeScope scope = NewDisposeScope();
        return F.cross_entropy(Head(x), targets, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
    }

    private IEnumerable<(Tensor X, Tensor Targets)> Parts(Tensor x, Tensor targets)
    {
        long tokens = targets.numel(), size = Math.Max(1, LogitsAtOnce / Config.VocabSize);
        (x, targets) = (x.view(tokens, -1), targets.flatten());
        for (long begin = 0; begin < tokens; begin += size)
        {
            long count = Math.Min(size, tokens - begin);
            yield return (x.narrow(0, begin, count), targets.narrow(0, begin, count));
        }
    }
}
