namespace Mhc.MLNet;

/// <summary>What becomes of a text that is longer than the model's context.</summary>
public enum MhcLongTexts
{
    /// <summary>All of it is scored, each token once, in windows that overlap: <see cref="MhcScorerOptions.Stride"/>.</summary>
    Windows,

    /// <summary>Its end is scored: tokens are left out of the context, then at the start of the text.</summary>
    TruncateLeft,

    /// <summary>Its beginning is scored: tokens are left out at the end of the text.</summary>
    TruncateRight,

    /// <summary>It is an error.</summary>
    Refuse,
}
