using System.Buffers;

namespace Mhc.MLNet.Generation;

/// <summary>One text on its way: what it has so far, and the token that it goes on with.</summary>
/// <param name="number">Its number among the prompts.</param>
/// <param name="prompt">At least one token.</param>
/// <param name="model">Tokenizer and context length.</param>
/// <param name="options">How to draw.</param>
internal sealed class GeneratedRow(int number, int[] prompt, Scoring.TextModel model, MhcGenerationOptions options)
{
    private readonly TextPieces _pieces = new(options.StopTexts);
    private readonly HashSet<int> _seen = [.. prompt];
    private int _drawn;

    public int[] Prompt => prompt;

    /// <summary>The position of <see cref="Token"/>, the last that was drawn.</summary>
    public int Position => prompt.Length + _drawn - 1;

    /// <summary>The token drawn last.</summary>
    public int Token { get; private set; }

    public MhcStopReason? StopReason { get; private set; }

    /// <summary>Draws the next token. Null where there is nothing to show yet.</summary>
    /// <param name="logits">(V), longer than the tokenizer's vocabulary where that is padded: such ids stand for no text.</param>
    public MhcGeneratedPiece? Draw(ReadOnlySpan<float> logits)
    {
        Token = Next(logits[..model.Tokenizer.VocabSize]);
        _drawn++;
        string text = "";
        if (Token == model.Info.EosTokenId)
            StopReason = MhcStopReason.EndOfText;
        else
        {
            text = _pieces.Add(model.Tokenizer.BytesOf(Token));
            StopReason = _pieces.Stopped ? MhcStopReason.StopText
                : _drawn == options.MaxTokens ? MhcStopReason.MaxTokens
                : prompt.Length + _drawn > model.Info.ContextLength ? MhcStopReason.ContextFull
                : null;
        }
        if (StopReason is not null)
            text += _pieces.Rest();
        return text.Length == 0 && StopReason is null ? null : new() { Prompt = number, Text = text, StopReason = StopReason };
    }

    private int Next(ReadOnlySpan<float> logits)
    {
        double uniform = Sampling.Uniform(options.Seed, number, _drawn);
        if (options.RepetitionPenalty == 1)
            return Sampling.Next(logits, options, uniform);
        float[] penalized = ArrayPool<float>.Shared.Rent(logits.Length);
        logits.CopyTo(penalized);
        Sampling.Penalize(penalized, _seen, options.RepetitionPenalty);
        int token = Sampling.Next(penalized.AsSpan(0, logits.Length), options, uniform);
        ArrayPool<float>.Shared.Return(penalized);
        _seen.Add(token);
        return token;
    }
}
