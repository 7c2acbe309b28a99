using Mhc.MLNet.Tokens;

namespace Mhc.MLNet.Scoring;

/// <summary>
/// A text on its way through the model. <see cref="Sequence"/> is what the model reads: the prefix token, where there is one, the context's
/// tokens, and the text's. Token i + 1 of it is scored at position i.
/// </summary>
internal sealed class EncodedText
{
    public required MhcText Source { get; init; }

    public required MhcDetails Details { get; init; }

    public required int[] Sequence { get; init; }

    /// <value>Where in the sequence the text's tokens begin.</value>
    public required int FirstOfText { get; init; }

    /// <value>The places of the text's tokens in context and text; null where nobody asks.</value>
    public TokenSpan[]? Spans { get; init; }

    public required int UnknownCount { get; init; }

    public required int ByteCount { get; init; }

    /// <value>How many tokens of context and text are left out of the sequence.</value>
    public int TruncatedCount { get; init; }

    public int WindowCount { get; set; }

    /// <value>The position that scores the text's first token, or the second where nothing stands before the first.</value>
    public int FirstScored => Math.Max(0, FirstOfText - 1);

    /// <value>How many tokens are scored.</value>
    public int ScoredCount => Math.Max(0, Sequence.Length - 1 - FirstScored);

    /// <value>What the model made of it.</value>
    public ScoredPositions Scored => field ??= new ScoredPositions(this);

    /// <value>Whether the states behind its tokens are asked for; the last token is read for nothing else.</value>
    public bool NeedsHidden => (Details & MhcScore.HiddenDetails) != 0;
}
