using System.Text;
using Mhc.MLNet.Tokens;

namespace Mhc.MLNet.Scoring;

/// <summary>Turns texts into what the model reads: what is put before them, and what becomes of long ones. Thread-safe.</summary>
internal sealed class TextEncoder
{
    private readonly TextTokenizer _tokenizer;
    private readonly int _contextLength, _stride;
    private readonly int? _prefix;
    private readonly MhcLongTexts _longTexts;

    /// <exception cref="ArgumentException">The options do not go with the model.</exception>
    public TextEncoder(TextModel model, MhcScorerOptions options)
    {
        (_tokenizer, _contextLength) = (model.Tokenizer, model.Info.ContextLength);
        (_prefix, _longTexts) = (options.Prefix.Resolve(model.Info), options.LongTexts);
        _stride = options.Stride ?? Math.Max(1, _contextLength / 2);
        if (_stride > _contextLength)
            throw new ArgumentException($"Stride is {_stride}, but the model's context length is {_contextLength}: the tokens between two windows "
                + $"would have no score. Choose at most {_contextLength}.");
    }

    /// <exception cref="ArgumentException">The text is longer than the model's context, and that is refused.</exception>
    public EncodedText Encode(MhcText text, MhcDetails details)
    {
        ArgumentNullException.ThrowIfNull(text.Text, nameof(text));
        string context = text.Context ?? "", whole = context + text.Text;
        IReadOnlyList<int> ids = _tokenizer.Encode(whole);
        int[] prefix = _prefix is int id && ids.Count > 0 ? [id] : [];
        int read = prefix.Length + ids.Count - 1, tooMany = Math.Max(0, read - _contextLength); // No score needs the last token read.
        if (tooMany > 0 && _longTexts == MhcLongTexts.Refuse)
            throw TooLong(text.Text, read);
        (int first, int end) = _longTexts switch
        {
            MhcLongTexts.TruncateLeft => (tooMany, ids.Count),
            MhcLongTexts.TruncateRight => (0, ids.Count - tooMany),
            _ => (0, ids.Count),
        };

        bool truncated = end - first < ids.Count;
        TokenSpan[]? spans = context.Length > 0 || truncated || (details & MhcScore.TokenDetails) != 0
            ? TokenSpan.Of(whole, ids, _tokenizer) : null;
        int inContext = context.Length == 0 ? 0 : spans!.TakeWhile(span => span.End <= context.Length).Count();
        int firstOfText = Math.Min(end, Math.Max(first, inContext));
        string scored = truncated ? Between(whole, context.Length, spans!, firstOfText, inContext, end) : text.Text;
        return new()
        {
            Source = text,
            Details = details,
            Sequence = [.. prefix, .. ids.Skip(first).Take(end - first)],
            FirstOfText = prefix.Length + firstOfText - first,
            Spans = spans?[firstOfText..end],
            UnknownCount = _tokenizer.UnknownCount(scored, end - firstOfText),
            ByteCount = Encoding.UTF8.GetByteCount(scored),
            TruncatedCount = ids.Count - (end - first),
        };
    }

    /// <summary>The windows that score a text.</summary>
    public IEnumerable<Window> Cut(EncodedText text) => Window.Cut(text, _contextLength, _stride);

    // The text without what is left out of it.
    private static string Between(string whole, int contextLength, TokenSpan[] spans, int first, int inContext, int end)
    {
        int from = first > inContext ? spans[first - 1].End : contextLength, to = end < spans.Length ? spans[end].Start : whole.Length;
        return from < to ? whole[from..to] : "";
    }

    private ArgumentException TooLong(string text, int tokens) => new(
        $"The text \"{(text.Length <= 40 ? text : $"{text[..40]}…")}\" makes the model read {tokens} tokens, but its context length is "
        + $"{_contextLength}. Shorten the text, or choose MhcLongTexts.Windows, TruncateLeft or TruncateRight.");
}
