namespace Mhc.MLNet.Scoring;

/// <summary>
/// A text on its way through the model. <see cref="Sequence"/> is the prefix token, where there is one, and the text's tokens;
/// token i + 1 of it is scored at position i.
/// </summary>
internal sealed record EncodedText(int[] Sequence, int UnknownCount, int ByteCount)
{
    public float[] LogProbs { get; } = new float[Math.Max(0, Sequence.Length - 1)];

    public int WindowCount { get; set; }

    public MhcScore ToScore() => new()
    {
        LogLikelihood = LogProbs.Sum(p => (double)p),
        TokenLogProbs = LogProbs,
        UnknownCount = UnknownCount,
        ByteCount = ByteCount,
        WindowCount = WindowCount,
    };
}
