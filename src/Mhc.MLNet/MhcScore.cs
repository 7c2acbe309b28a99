namespace Mhc.MLNet;

/// <summary>What a model makes of one text.</summary>
public sealed record MhcScore
{
    /// <value>Sum of <see cref="TokenLogProbs"/>: the natural-log probability of the scored tokens, in nats. 0 when there are none.</value>
    public required double LogLikelihood { get; init; }

    /// <value>Natural-log probability of each scored token given those before it, in the text's order.</value>
    public required float[] TokenLogProbs { get; init; }

    /// <value>How many Unicode scalar values and lone surrogates the model has no token for; they are left out of the score.</value>
    public required int UnknownCount { get; init; }

    /// <value>Length of the text in UTF-8, what is unknown included. A lone surrogate counts 3.</value>
    public required int ByteCount { get; init; }

    /// <value>How many windows of at most the context length the text was cut into.</value>
    public required int WindowCount { get; init; }

    /// <value>How many tokens were scored. Without a prefix token in the model that is one fewer than the text has.</value>
    public int TokenCount => TokenLogProbs.Length;

    /// <value><c>exp(-LogLikelihood / TokenCount)</c>; NaN when no token was scored.</value>
    public double Perplexity => TokenCount == 0 ? double.NaN : Math.Exp(-LogLikelihood / TokenCount);

    /// <value>
    /// <c>-LogLikelihood / (ln 2 · ByteCount)</c>: comparable between tokenizers; NaN when no token was scored. Unknown characters count as
    /// bytes and are not scored, so they lower it: look at <see cref="UnknownCount"/> too.
    /// </value>
    public double BitsPerByte => TokenCount == 0 ? double.NaN : -LogLikelihood / (Math.Log(2) * ByteCount);
}
