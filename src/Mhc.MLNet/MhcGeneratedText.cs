namespace Mhc.MLNet;

/// <summary>Why a text ended.</summary>
public enum MhcStopReason
{
    /// <summary>The model drew the token that ends a document, which is not part of the text.</summary>
    EndOfText,

    /// <summary>One of <see cref="MhcGenerationOptions.StopTexts"/> came, which is not part of the text.</summary>
    StopText,

    /// <summary><see cref="MhcGenerationOptions.MaxTokens"/> were drawn.</summary>
    MaxTokens,

    /// <summary>Prompt and text fill <see cref="MhcModelInfo.ContextLength"/>: the model cannot see more.</summary>
    ContextFull,
}

/// <summary>A text that a model has written.</summary>
public sealed record MhcGeneratedText
{
    /// <value>What follows the prompt.</value>
    public required string Text { get; init; }

    /// <value>Why it ended.</value>
    public required MhcStopReason StopReason { get; init; }
}

/// <summary>A piece of a text that is being written.</summary>
public sealed record MhcGeneratedPiece
{
    /// <value>Which of the prompts it follows, counted from 0.</value>
    public required int Prompt { get; init; }

    /// <value>What follows the pieces before it: whole characters; empty only in the last piece of a text.</value>
    public required string Text { get; init; }

    /// <value>Why the text ends with this piece; null while it goes on.</value>
    public required MhcStopReason? StopReason { get; init; }
}
