namespace Mhc.MLNet;

/// <summary>A text to score, and what stands before it.</summary>
/// <param name="Text">What is scored.</param>
/// <param name="Context">
/// What the model reads first and does not score: the score is of <paramref name="Text"/> given this. Both are tokenized as one text; a
/// token that begins in the context and ends in the text belongs to the text. Default: nothing.
/// </param>
public readonly record struct MhcText(string Text, string? Context = null)
{
    /// <summary>A text by itself.</summary>
    public static implicit operator MhcText(string text) => new(text);
}
