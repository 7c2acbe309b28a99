namespace Mhc.MLNet;

/// <summary>What a model makes of one text.</summary>
public sealed record MhcScore
{
    internal const MhcDetails TokenDetails = MhcDetails.Tokens | MhcDetails.Ranks | MhcDetails.Entropies | MhcDetails.Alternatives;
    internal const MhcDetails HiddenDetails = MhcDetails.HiddenMean | MhcDetails.HiddenLast;

    /// <value>Sum of <see cref="TokenLogProbs"/>: the natural-log probability of the scored tokens, in nats. 0 when there are none.</value>
    public required double LogLikelihood { get; init; }

    /// <value>Natural-log probability of each scored token given those before it, in the text's order.</value>
    public required float[] TokenLogProbs { get; init; }

    /// <value>How many Unicode scalar values and lone surrogates the model has no token for; they are left out of the score.</value>
    public required int UnknownCount { get; init; }

    /// <value>Length of the text in UTF-8, what is unknown included, what was left out for its length not. A lone surrogate counts 3.</value>
    public required int ByteCount { get; init; }

    /// <value>How many windows of at most the context length the text was cut into.</value>
    public required int WindowCount { get; init; }

    /// <value>How many tokens of the text and its context were left out, because together they are longer than the model's context.</value>
    public int TruncatedCount { get; init; }

    /// <value>
    /// The percentage of the model's validation texts that have at most this <see cref="BitsPerByte"/>:
    /// <see cref="MhcModelInfo.BitsPerByteQuantiles"/>. Null where the model has no quantiles; NaN when no token was scored.
    /// </value>
    public double? Percentile { get; init; }

    /// <value>
    /// Whether <see cref="BitsPerByte"/> is above that of <see cref="MhcScorerOptions.AnomalyPercentile"/> % of the model's validation texts.
    /// Null where the model has no quantiles; false when no token was scored.
    /// </value>
    public bool? IsAnomaly { get; init; }

    /// <value>The text's tokens; empty unless asked for.</value>
    public IReadOnlyList<MhcToken> Tokens { get; init; } = [];

    /// <value>Whether each scored token is the one that the model finds most probable; null unless asked for.</value>
    public bool? IsGreedy { get; init; }

    /// <value>
    /// Mean over the text's tokens of the last hidden state, (C): what the vocabulary head reads; null unless asked for, zeros where the text
    /// has no tokens.
    /// </value>
    public float[]? HiddenMean { get; init; }

    /// <value>The last hidden state behind the text's last token, (C); null unless asked for, zeros where the text has no tokens.</value>
    public float[]? HiddenLast { get; init; }

    /// <value>How many tokens were scored. Without a prefix token in the model that is one fewer than the text has.</value>
    public int TokenCount => TokenLogProbs.Length;

    /// <value><c>-LogLikelihood / TokenCount</c>, nats per token; NaN when no token was scored.</value>
    public double MeanNegativeLogLikelihood => TokenCount == 0 ? double.NaN : -LogLikelihood / TokenCount;

    /// <value><c>-LogLikelihood / ln 2</c>: the text's surprisal in bits. 0 when no token was scored.</value>
    public double Bits => TokenCount == 0 ? 0 : -LogLikelihood / Math.Log(2);

    /// <value><c>exp(-LogLikelihood / TokenCount)</c>; NaN when no token was scored.</value>
    public double Perplexity => Math.Exp(MeanNegativeLogLikelihood);

    /// <value>
    /// <c>-LogLikelihood / (ln 2 · ByteCount)</c>: comparable between tokenizers; NaN when no token was scored. Unknown characters count as
    /// bytes and are not scored, so they lower it: look at <see cref="UnknownCount"/> too.
    /// </value>
    public double BitsPerByte => TokenCount == 0 ? double.NaN : -LogLikelihood / (Math.Log(2) * ByteCount);
}
