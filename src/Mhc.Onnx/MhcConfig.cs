namespace Mhc.Onnx;

/// <summary>
/// The architecture of a model: what <c>config.json</c> of a checkpoint folder says, nothing about training.
/// docs/checkpoint-format.md gives the keys.
/// </summary>
internal sealed record MhcConfig
{
    /// <summary>The one version of the checkpoint format that this package reads.</summary>
    public const int FormatVersion = 1;

    /// <summary>5! = 120 logits a sublayer.</summary>
    private const int MostPermutedStreams = 5;

    public required int VocabSize { get; init; }

    /// <summary>The longest sequence, in tokens.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Blocks; each has two sublayers, attention and MLP.</summary>
    public required int NLayer { get; init; }

    /// <summary>Attention heads; divides <see cref="NEmbd"/>.</summary>
    public required int NHead { get; init; }

    public required int NEmbd { get; init; }

    /// <summary>Whether Linear and LayerNorm layers have biases. The vocabulary head never has one.</summary>
    public required bool Bias { get; init; }

    /// <summary>Used in training only; an exported model has no dropout.</summary>
    public required double Dropout { get; init; }

    public required ResidualMode Residual { get; init; }

    /// <summary>Goes with every residual design.</summary>
    public ValueResidual ValueResidual { get; init; }

    /// <summary>Residual streams S (n in the papers).</summary>
    /// <value>1 with <see cref="ResidualMode.None"/>.</value>
    public int Streams { get; init; } = 1;

    /// <summary>Ignored with <see cref="ResidualMode.None"/>.</summary>
    public StreamReduce StreamReduce { get; init; }

    /// <summary>F, the parts that each stream's channels are cut into; divides <see cref="NEmbd"/>.</summary>
    /// <value>1 but for <see cref="ResidualMode.Hc"/>.</value>
    public int Fracs { get; init; } = 1;

    /// <summary>How H_res is made from its logits. <see cref="ResidualMode.Mhc"/> alone, like everything below.</summary>
    public HResProjection HRes { get; init; }

    /// <summary>
    /// Sinkhorn iterations, rows and columns once each; ignored but for <see cref="HResProjection.Sinkhorn"/> and
    /// <see cref="ResidualMode.MhcDynamic"/>.
    /// </summary>
    public int HResIters { get; init; } = 20;

    /// <summary>Temperature: logits are divided by it. Ignored without <see cref="HResProjection.Sinkhorn"/>.</summary>
    public double HResTau { get; init; } = 1;

    /// <summary>Newton–Schulz steps; these three are ignored without <see cref="HResProjection.Orthostochastic"/>.</summary>
    public int NsSteps { get; init; } = 5;

    /// <summary>What is added to the norm that the logits are divided by.</summary>
    public double NsEps { get; init; } = 1e-7;

    public NewtonSchulzCoefficients NsCoeffs { get; init; } = new(3, -3.2, 1.2);

    /// <summary>The leak away from the identity is beta / 2L; ignored without <see cref="HResProjection.Circulant"/>.</summary>
    public double CirculantBeta { get; init; } = 1;

    /// <summary>Whether H_res is (1 − α)·I + α·projection with an α of each sublayer's own.</summary>
    public bool IdentityMix { get; init; }

    public StreamMap HPre { get; init; }

    public StreamMap HPost { get; init; }

    /// <summary>Sublayers in order: attention and MLP of block 0, of block 1, …</summary>
    public int Sublayers => 2 * NLayer;

    /// <summary>Reads a <c>config.json</c>: unknown, missing, repeated and ill-typed keys are errors, all reported at once.</summary>
    /// <exception cref="InvalidDataException">The configuration is not valid; the message has a line for every problem.</exception>
    public static MhcConfig Read(string path) => ConfigReader.Read(path);

    /// <summary>Whether there are constant matrices that a projection makes.</summary>
    public bool Projects(HResProjection projection) => Residual == ResidualMode.Mhc && HRes == projection;

    /// <summary>What is out of range, in the words of Mhc.Training, which refuses the same.</summary>
    public IEnumerable<string> Problems()
    {
        (string Key, int Value)[] counts =
        [
            ("vocab_size", VocabSize), ("block_size", BlockSize), ("n_layer", NLayer), ("n_head", NHead), ("n_embd", NEmbd),
            ("streams", Streams), ("fracs", Fracs), ("h_res_iters", HResIters), ("ns_steps", NsSteps),
        ];
        foreach ((string key, int value) in counts.Where(count => count.Value < 1))
            yield return $"`{key}` is {value}, expected at least 1.";
        if (NHead > 0 && NEmbd % NHead != 0)
            yield return $"`n_head` is {NHead} but `n_embd` {NEmbd} is not divisible by it.";
        if (!(Dropout is >= 0 and < 1))
            yield return FormattableString.Invariant($"`dropout` is {Dropout}, expected a number from 0 to below 1.");
        if (!(HResTau > 0))
            yield return FormattableString.Invariant($"`h_res_tau` is {HResTau}, expected a number above 0.");
        if (!(NsEps > 0))
            yield return FormattableString.Invariant($"`ns_eps` is {NsEps}, expected a number above 0.");
        if (!(CirculantBeta > 0) || (Projects(HResProjection.Circulant) && CirculantBeta > Sublayers))
            yield return FormattableString.Invariant(
                $"`circulant_beta` is {CirculantBeta}, expected above 0 and at most {Sublayers}, the number of sublayers.");
        if (Residual == ResidualMode.Hc && Fracs > 0 && NEmbd % Fracs != 0)
            yield return $"`fracs` is {Fracs} but `n_embd` {NEmbd} is not divisible by it.";
        if (Projects(HResProjection.Permutation) && Streams > MostPermutedStreams)
            yield return $"`streams` is {Streams}, expected at most {MostPermutedStreams} with `h_res` \"permutation\": "
                + "there is a logit for each of the S! permutations.";
        if (Projects(HResProjection.Kronecker) && (Streams < 2 || !int.IsPow2(Streams)))
            yield return $"`streams` is {Streams}, expected 2, 4, 8 or another power of two with `h_res` \"kronecker\".";
    }
}
