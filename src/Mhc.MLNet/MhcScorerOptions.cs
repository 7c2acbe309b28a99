namespace Mhc.MLNet;

/// <summary>How texts are scored.</summary>
public record MhcScorerOptions : MhcSessionOptions
{
    /// <value>
    /// The most tokens, padding included, that go through the model at once. Default: 512, which leaves a CPU's caches room; a GPU wants
    /// some thousands. More takes more memory. A single window of the context length is run even where it is longer than this.
    /// </value>
    public int TokensPerBatch { get; init; } = 512;

    /// <value>The token read before each text. Default: the model's own.</value>
    public MhcPrefix Prefix { get; init; } = MhcPrefix.OfModel;

    /// <value>What becomes of a text that is longer than the model's context. Default: <see cref="MhcLongTexts.Windows"/>.</value>
    public MhcLongTexts LongTexts { get; init; } = MhcLongTexts.Windows;

    /// <value>
    /// How many tokens each window after the first scores. These have at least the context length less this many before them. Fewer find
    /// more before them and cost more runs: windows × context length tokens go through the model. Default: null, half of the context length.
    /// </value>
    public int? Stride { get; init; }

    internal override void Validate()
    {
        base.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(TokensPerBatch, 1);
        if (!Enum.IsDefined(LongTexts))
            throw new ArgumentOutOfRangeException(
                nameof(LongTexts), LongTexts, "Expected Windows, TruncateLeft, TruncateRight or Refuse.");
        if (Stride is int stride)
            ArgumentOutOfRangeException.ThrowIfLessThan(stride, 1, nameof(Stride));
    }
}
