namespace Mhc.MLNet;

/// <summary>How texts are scored.</summary>
public record MhcScorerOptions : MhcSessionOptions
{
    /// <value>
    /// The most tokens, padding included, that go through the model at once. Default: 512, which leaves a CPU's caches room; a GPU wants
    /// some thousands. More takes more memory. A single window of the context length is run even where it is longer than this.
    /// </value>
    public int TokensPerBatch { get; init; } = 512;

    internal override void Validate()
    {
        base.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(TokensPerBatch, 1);
    }
}
