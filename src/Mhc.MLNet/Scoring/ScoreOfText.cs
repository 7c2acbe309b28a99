using System.Text;
using Mhc.MLNet.Tokens;

namespace Mhc.MLNet.Scoring;

/// <summary>Makes the public score of what the model made of a text.</summary>
/// <param name="model">Tokenizer, width, and what ordinary texts score.</param>
/// <param name="anomalyPercentile">See <see cref="MhcScorerOptions.AnomalyPercentile"/>.</param>
internal sealed class ScoreOfText(TextModel model, double anomalyPercentile)
{
    private readonly double? _threshold = model.Info.BitsPerByteQuantiles?.Value(anomalyPercentile);

    public MhcScore Of(EncodedText text)
    {
        ScoredPositions scored = text.Scored;
        bool hasTokens = text.FirstOfText < text.Sequence.Length;
        var score = new MhcScore
        {
            LogLikelihood = scored.LogProbs.Sum(p => (double)p),
            TokenLogProbs = scored.LogProbs,
            UnknownCount = text.UnknownCount,
            ByteCount = text.ByteCount,
            WindowCount = text.WindowCount,
            TruncatedCount = text.TruncatedCount,
            Tokens = (text.Details & MhcScore.TokenDetails) == 0 ? [] : Tokens(text, model.Tokenizer),
            IsGreedy = text.Details.HasFlag(MhcDetails.IsGreedy) ? IsGreedy(text) : null,
            HiddenMean = text.Details.HasFlag(MhcDetails.HiddenMean) ? hasTokens ? scored.HiddenMean : new float[model.Channels] : null,
            HiddenLast = text.Details.HasFlag(MhcDetails.HiddenLast) ? hasTokens ? scored.HiddenLast : new float[model.Channels] : null,
        };
        return _threshold is not double threshold ? score : score with
        {
            Percentile = model.Info.BitsPerByteQuantiles!.Percentile(score.BitsPerByte),
            IsAnomaly = score.BitsPerByte > threshold,
        };
    }

    private static MhcToken[] Tokens(EncodedText text, TextTokenizer tokenizer)
    {
        TokenSpan[] spans = text.Spans!;
        ScoredPositions scored = text.Scored;
        string context = text.Source.Context ?? "";
        int contextBytes = Encoding.UTF8.GetByteCount(context), unscored = spans.Length - text.ScoredCount;
        return [.. spans.Select((span, i) =>
        {
            int id = text.Sequence[text.FirstOfText + i], at = i - unscored;
            return new MhcToken
            {
                Id = id,
                Text = tokenizer.TextOf(id),
                Start = span.Start - context.Length,
                Length = span.End - span.Start,
                ByteStart = span.ByteStart - contextBytes,
                ByteLength = span.ByteEnd - span.ByteStart,
                LogProb = at < 0 ? null : scored.LogProbs[at],
                Rank = at < 0 ? null : (int?)scored.Ranks?[at],
                Entropy = at < 0 ? null : scored.Entropies?[at],
                Alternatives = at < 0 || !text.Details.HasFlag(MhcDetails.Alternatives) ? [] : Alternatives(scored, at, tokenizer),
            };
        })];
    }

    private static MhcAlternative[] Alternatives(ScoredPositions scored, int at, TextTokenizer tokenizer)
    {
        (long[] ids, float[] logProbs) = scored.Top!.Value;
        int count = ids.Length / scored.LogProbs.Length;
        return [.. Enumerable.Range(at * count, count)
            .Select(i => new MhcAlternative((int)ids[i], tokenizer.TextOf((int)ids[i]), logProbs[i]))];
    }

    private static bool IsGreedy(EncodedText text)
    {
        if (text.ScoredCount == 0)
            return true;
        if (text.Scored.Ranks is { } ranks)
            return ranks.All(rank => rank == 1);
        long[] ids = text.Scored.Top!.Value.Ids;
        int count = ids.Length / text.ScoredCount, first = text.FirstScored + 1;
        return Enumerable.Range(0, text.ScoredCount).All(i => ids[i * count] == text.Sequence[first + i]);
    }
}
