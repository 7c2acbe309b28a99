using System.Text;
using System.Text.Json;

namespace Mhc.Training;

/// <summary>How a sublayer's output joins what came before it.</summary>
public enum ResidualMode
{
    /// <summary>x + F(x): the baseline.</summary>
    None,
    /// <summary>Static manifold-constrained hyper-connections (arXiv:2512.24880) over several residual streams.</summary>
    Mhc,
}

/// <summary>How H_res is made from its logits.</summary>
public enum HResProjection
{
    /// <summary>Sinkhorn normalisation to a doubly stochastic matrix, in the log domain.</summary>
    Sinkhorn,
    /// <summary>H_res = I without parameters: Identity HC.</summary>
    Identity,
}

/// <summary>How h_pre and h_post are made from their logits. Both are non-negative.</summary>
public enum StreamMap
{
    /// <summary>Softmax over the streams, as the reference implementation has it.</summary>
    Softmax,
    /// <summary>The paper's: sigmoid for h_pre, twice the sigmoid for h_post.</summary>
    Sigmoid,
}

/// <summary>How the streams become one after the final LayerNorm, which is applied to each.</summary>
public enum StreamReduce
{
    /// <summary>Their sum, as the reference implementation has it; the first logits are about S times too large.</summary>
    Sum,
    /// <summary>Their mean.</summary>
    Mean,
    /// <summary>Their mean weighted by a softmax over S learned logits.</summary>
    Learned,
}

/// <summary>Which initial values the stream matrices start from.</summary>
public enum Initialization
{
    /// <summary>Ours: H_res near the identity and able to learn, h_pre and h_post favouring the sublayer's home stream.</summary>
    Live,
    /// <summary>The reference implementation's; with its tau of 0.05, H_res is exactly I and never learns.</summary>
    Parity,
}

/// <summary>The architecture of a model: what <c>config.json</c> in a checkpoint holds, and nothing about its training.</summary>
public sealed record MhcConfig
{
    internal const int FormatVersion = 1;

    /// <summary>The keys of every mode; see docs/checkpoint-format.md.</summary>
    internal static readonly string[] Keys =
    [
        "format_version", "vocab_size", "block_size", "n_layer", "n_head", "n_embd", "bias", "dropout", "residual",
        "streams", "h_res", "h_res_iters", "h_res_tau", "h_pre", "h_post", "stream_reduce", "init",
    ];

    /// <summary>V, how many token ids there are.</summary>
    public required int VocabSize { get; init; }

    /// <summary>The longest sequence in tokens.</summary>
    public required int BlockSize { get; init; }

    /// <summary>L, how many blocks of attention and MLP there are.</summary>
    public required int NLayer { get; init; }

    /// <summary>Attention heads; divides <see cref="NEmbd"/>.</summary>
    public required int NHead { get; init; }

    /// <summary>C, channels of each residual stream.</summary>
    public required int NEmbd { get; init; }

    /// <summary>Whether Linear and LayerNorm layers have biases.</summary>
    /// <value>Default false.</value>
    public bool Bias { get; init; }

    /// <summary>Probability of dropout on the embedding sum, the attention probabilities and each branch's output, in training.</summary>
    /// <value>Default 0.</value>
    public double Dropout { get; init; }

    /// <summary>The residual design.</summary>
    /// <value>Default <see cref="ResidualMode.Mhc"/>; all properties below are ignored with <see cref="ResidualMode.None"/>.</value>
    public ResidualMode Residual { get; init; } = ResidualMode.Mhc;

    /// <summary>S, how many residual streams there are.</summary>
    /// <value>Default 4.</value>
    public int Streams { get; init; } = 4;

    /// <summary>How H_res is made from its logits.</summary>
    /// <value>Default <see cref="HResProjection.Sinkhorn"/>.</value>
    public HResProjection HRes { get; init; }

    /// <summary>Sinkhorn iterations; ignored by other projections.</summary>
    /// <value>Default 20, the paper's.</value>
    public int HResIters { get; init; } = 20;

    /// <summary>Sinkhorn temperature: the logits are divided by it; ignored by other projections.</summary>
    /// <value>Default 1. The reference's 0.05 makes H_res exactly I from its initial values on.</value>
    public double HResTau { get; init; } = 1;

    /// <summary>The map of the read vector h_pre.</summary>
    /// <value>Default <see cref="StreamMap.Softmax"/>.</value>
    public StreamMap HPre { get; init; }

    /// <summary>The map of the write vector h_post.</summary>
    /// <value>Default <see cref="StreamMap.Softmax"/>.</value>
    public StreamMap HPost { get; init; }

    /// <summary>How the streams become one.</summary>
    /// <value>Default <see cref="StreamReduce.Sum"/>, which trains best at small sizes: see docs/decisions.md.</value>
    public StreamReduce StreamReduce { get; init; }

    /// <summary>Initial values of the stream matrices; without effect on a loaded model.</summary>
    /// <value>Default <see cref="Initialization.Live"/>.</value>
    public Initialization Init { get; init; }

    /// <summary>How many sublayers there are: an attention and an MLP in each block.</summary>
    public int Sublayers => 2 * NLayer;

    /// <summary>Reads a checkpoint's <c>config.json</c>.</summary>
    /// <exception cref="InvalidDataException">Lists every unknown, missing and ill-typed key at once.</exception>
    public static MhcConfig Read(string path)
    {
        StrictJson json = StrictJson.ReadFile(path);
        json.RequireVersion("format_version", FormatVersion);
        MhcConfig config = Read(json, json.Int("vocab_size", 1, required: true), required: true);
        json.Finish(Keys, mode: config.Mode);
        return config;
    }

    /// <summary>Checks every value, as reading a file does.</summary>
    /// <exception cref="ArgumentException">Lists every value that is out of range.</exception>
    public void Validate() => Throw.Argument_IfAny(Problems());

    internal string Mode => Residual == ResidualMode.None ? "`residual` \"none\"" : $"`h_res` \"{StrictJson.SnakeCase(HRes)}\"";

    /// <param name="required">Whether an absent key is a problem, as in a checkpoint, or takes its default, as in settings.</param>
    internal static MhcConfig Read(StrictJson json, int vocabSize, bool required)
    {
        var config = new MhcConfig
        {
            VocabSize = vocabSize,
            BlockSize = json.Int("block_size", 1, required: true),
            NLayer = json.Int("n_layer", 1, required: true),
            NHead = json.Int("n_head", 1, required: true),
            NEmbd = json.Int("n_embd", 1, required: true),
            Bias = json.Bool("bias", false, required),
            Dropout = json.Number("dropout", 0, required),
            Residual = json.Choice("residual", ResidualMode.Mhc, required),
        };
        if (config.Residual == ResidualMode.Mhc)
        {
            config = config with
            {
                Streams = json.Int("streams", config.Streams, required),
                HRes = json.Choice("h_res", config.HRes, required),
                HPre = json.Choice("h_pre", config.HPre, required),
                HPost = json.Choice("h_post", config.HPost, required),
                StreamReduce = json.Choice("stream_reduce", config.StreamReduce, required),
                Init = json.Choice("init", config.Init, required),
            };
        }
        if (config.Residual == ResidualMode.Mhc && config.HRes == HResProjection.Sinkhorn)
        {
            config = config with
            {
                HResIters = json.Int("h_res_iters", config.HResIters, required),
                HResTau = json.Number("h_res_tau", config.HResTau, required),
            };
        }
        json.Problems(config.Problems());
        return config;
    }

    /// <summary>The text of <c>config.json</c>: the keys that this mode uses, each of them.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("format_version", FormatVersion);
            json.WriteNumber("vocab_size", VocabSize);
            json.WriteNumber("block_size", BlockSize);
            json.WriteNumber("n_layer", NLayer);
            json.WriteNumber("n_head", NHead);
            json.WriteNumber("n_embd", NEmbd);
            json.WriteBoolean("bias", Bias);
            json.WriteNumber("dropout", Dropout);
            json.WriteString("residual", StrictJson.SnakeCase(Residual));
            if (Residual == ResidualMode.Mhc)
            {
                json.WriteNumber("streams", Streams);
                json.WriteString("h_res", StrictJson.SnakeCase(HRes));
                if (HRes == HResProjection.Sinkhorn)
                {
                    json.WriteNumber("h_res_iters", HResIters);
                    json.WriteNumber("h_res_tau", HResTau);
                }
                json.WriteString("h_pre", StrictJson.SnakeCase(HPre));
                json.WriteString("h_post", StrictJson.SnakeCase(HPost));
                json.WriteString("stream_reduce", StrictJson.SnakeCase(StreamReduce));
                json.WriteString("init", StrictJson.SnakeCase(Init));
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    internal IEnumerable<string> Problems()
    {
        (string Key, int Value)[] counts =
        [
            ("vocab_size", VocabSize), ("block_size", BlockSize), ("n_layer", NLayer), ("n_head", NHead), ("n_embd", NEmbd),
            ("streams", Streams), ("h_res_iters", HResIters),
        ];
        foreach ((string key, int value) in counts.Where(count => count.Value < 1))
            yield return $"`{key}` is {value}, expected at least 1.";
        if (NHead > 0 && NEmbd % NHead != 0)
            yield return $"`n_head` is {NHead} but `n_embd` {NEmbd} is not divisible by it.";
        if (!(Dropout is >= 0 and < 1))
            yield return FormattableString.Invariant($"`dropout` is {Dropout}, expected a number from 0 to below 1.");
        if (!(HResTau > 0))
            yield return FormattableString.Invariant($"`h_res_tau` is {HResTau}, expected a number above 0.");
    }
}
