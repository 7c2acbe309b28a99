namespace Mhc.MLNet;

/// <summary>One token of a scored text.</summary>
public sealed record MhcToken
{
    /// <value>The token's id in the model's vocabulary.</value>
    public required int Id { get; init; }

    /// <value>
    /// What the token stands for. A token that is no whole characters is written as its bytes, as in <c>bytes:\xf0\x9f</c>.
    /// </value>
    public required string Text { get; init; }

    /// <value>
    /// Where the token begins in the text, in UTF-16 code units: at the character that its first byte is of. Negative where a token begins in
    /// the context.
    /// </value>
    public required int Start { get; init; }

    /// <value>How many UTF-16 code units it touches.</value>
    public required int Length { get; init; }

    /// <value>Where the token begins in the text's UTF-8. Negative where a token begins in the context.</value>
    public required int ByteStart { get; init; }

    /// <value>How many bytes of UTF-8 it is.</value>
    public required int ByteLength { get; init; }

    /// <value>Natural-log probability given all before it; null for a first token that nothing stands before.</value>
    public required float? LogProb { get; init; }

    /// <value>1 for the token that the model finds most probable here, 2 for the next; null unless asked for.</value>
    public int? Rank { get; init; }

    /// <value>Entropy of the model's distribution here, in nats; null unless asked for.</value>
    public float? Entropy { get; init; }

    /// <value>The tokens that the model finds most probable here, best first; empty unless asked for.</value>
    public IReadOnlyList<MhcAlternative> Alternatives { get; init; } = [];
}

/// <summary>A token that could have stood here.</summary>
/// <param name="Id">The token's id in the model's vocabulary.</param>
/// <param name="Text">What it stands for, written as <see cref="MhcToken.Text"/> is.</param>
/// <param name="LogProb">Natural-log probability given all before it.</param>
public readonly record struct MhcAlternative(int Id, string Text, float LogProb);
