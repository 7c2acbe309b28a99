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

    public Tensor forward(Tensor x) => F.layer_norm(x, _weight.shape, _weight, _bias, 1e-5);
}

internal sealed class CausalSelfAttention(FlatParameters p, string path, MhcConfig config)
{
    private readonly Linear _cAttn = new(p, $"{path}.c_attn");
    private readonly Linear _cProj = new(p, $"{path}.c_proj");

    public Tensor forward(Tensor x, bool training)
    {
        (long b, long t) = (x.shape[0], x.shape[1]);
        Tensor[] qkv = _cAttn.forward(x).view(b, t, 3, config.NHead, config.NEmbd / config.NHead).permute(2, 0, 3, 1, 4).unbind();
        (Tensor q, Tensor k, Tensor v) = (qkv[0], qkv[1], qkv[2]);                             // (B, H, T, D)
        Tensor y = F.scaled_dot_product_attention(q, k, v, null, training ? config.Dropout : 0, is_casual: true);
        y = _cProj.forward(y.transpose(1, 2).reshape(b, t, config.NEmbd));                     // (B, T, C)
        return F.dropout(y, config.Dropout, training);
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

    public Tensor Attention(Tensor branchInput, bool training) => _attn.forward(_ln1.forward(branchInput), training);

    public Tensor Mlp(Tensor branchInput, bool training) => _mlp.forward(_ln2.forward(branchInput), training);
}

/// <summary>
/// A GPT-2 shaped transformer with a plain residual or static mHC streams. Not thread-safe; dispose it to free its weights.
/// </summary>
public sealed class MhcModel : IDisposable
{
    private readonly Parameter _wte, _wpe;
    private readonly Block[] _blocks;
    private readonly LayerNorm _lnF;
    private readonly Parameter? _streamReduceLogits;

    /// <summary>A model with freshly drawn weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="seed">Seed of the weights; the same on every device.</param>
    /// <param name="device">Where the weights live.</param>
    /// <exception cref="ArgumentException">Lists every value of the configuration that is out of range.</exception>
    public MhcModel(MhcConfig config, long seed, Device device) : this(config, device) => Parameters.Initialize(seed);

    internal MhcModel(MhcConfig config, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Config = config;
        Parameters = new FlatParameters(ParameterTable.Of(config), device);
        using DisposeScope scope = NewDisposeScope();
        _wte = Parameters.Leaf("lm_head.weight"); // Tied: the token embedding and the head are one parameter.
        _wpe = Parameters.Leaf("transformer.wpe.weight");
        _blocks = [.. ParameterTable.Blocks(config).Select(path => new Block(Parameters, path, config))];
        _lnF = new LayerNorm(Parameters, "transformer.ln_f");
        Mhc = config.Residual == ResidualMode.Mhc ? new StaticMhc(Parameters, config) : null;
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

    /// <summary>Logits of every position.</summary>
    /// <param name="tokens">(B, T) int64, T at most the block size.</param>
    /// <param name="training">Whether dropout acts.</param>
    /// <returns>(B, T, V)</returns>
    public Tensor forward(Tensor tokens, bool training = false)
    {
        using DisposeScope scope = NewDisposeScope();
        (long b, long t, long c) = (tokens.shape[0], tokens.shape[1], Config.NEmbd);
        Tensor e = _wte.index_select(0, tokens.flatten()).view(b, t, c) + _wpe.narrow(0, 0, t);
        e = F.dropout(e, Config.Dropout, training);                                            // (B, T, C)
        Tensor x = Mhc is null ? PlainResidual(e, training) : ResidualStreams(Mhc, e, training);
        return F.linear(x, _wte).MoveToOuterDisposeScope();                                    // (B, T, V)
    }

    /// <summary>Mean cross-entropy in nats per token.</summary>
    /// <param name="tokens">(B, T) int64.</param>
    /// <param name="targets">(B, T) int64: the token that follows each.</param>
    /// <param name="training">Whether dropout acts.</param>
    public Tensor Loss(Tensor tokens, Tensor targets, bool training = false)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = forward(tokens, training);
        return F.cross_entropy(logits.view(-1, logits.shape[2]), targets.flatten()).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights and their gradients.</summary>
    public void Dispose() => Parameters.Dispose();

    /// <summary>A sublayer's own function F: attention or MLP, with its LayerNorm.</summary>
    internal Tensor Branch(int sublayer, Tensor branchInput, bool training = false)
    {
        Block block = _blocks[sublayer / 2];
        return sublayer % 2 == 0 ? block.Attention(branchInput, training) : block.Mlp(branchInput, training);
    }

    private Tensor PlainResidual(Tensor x, bool training)
    {
        for (int sublayer = 0; sublayer < Config.Sublayers; sublayer++)
            x = x + Branch(sublayer, x, training);
        return _lnF.forward(x);
    }

    private Tensor ResidualStreams(StaticMhc mhc, Tensor e, bool training)
    {
        long[] shape = e.shape;
        StaticMhc.Matrices h = mhc.Project();                                                  // every sublayer's, in one batch
        Tensor streams = e.flatten().expand(Config.Streams, -1);                               // (S, B·T·C)
        for (int sublayer = 0; sublayer < Config.Sublayers; sublayer++)
        {
            Tensor branchInput = StaticMhc.Read(h, sublayer, streams).view(shape);             // (B, T, C)
            Tensor y = Branch(sublayer, branchInput, training);
            streams = mhc.Write(h, sublayer, streams, y.flatten());
            ObserveStreams?.Invoke(sublayer, streams);
        }
        // ln_f sees each stream on its own, before they become one.
        Tensor normed = _lnF.forward(streams.view([Config.Streams, .. shape]));                // (S, B, T, C)
        return Config.StreamReduce switch
        {
            StreamReduce.Sum => normed.sum([0L]),
            StreamReduce.Mean => normed.mean([0L]),
            _ => tensordot(F.softmax(_streamReduceLogits!, 0), normed, [0L], [0L]),
        };
    }
}
