using System.Globalization;

namespace Mhc.MLNet.Tests.Kit;

internal sealed class TextRow
{
    public string Text { get; set; } = "";

    public float Number { get; set; }

    public bool Label { get; set; }
}

internal sealed class ScoredRow
{
    public string Text { get; set; } = "";

    public float LogLikelihood { get; set; }

    public float Perplexity { get; set; }

    public float BitsPerByte { get; set; }

    public int TokenCount { get; set; }

    public int UnknownCount { get; set; }

    public float[] TokenLogProbs { get; set; } = [];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{LogLikelihood:R} {Perplexity:R} {BitsPerByte:R} {TokenCount} {UnknownCount} [{string.Join(' ', TokenLogProbs)}]");
}
