using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

/// <summary>A column that scoring can add.</summary>
/// <param name="Name">Without the prefix of the options.</param>
/// <param name="Type">Its type, where hidden states have so many channels.</param>
/// <param name="Details">What a score has to be asked for beside itself.</param>
/// <param name="Getter">A getter of ML.NET's, over whatever gives the current row's score.</param>
internal sealed record OutputColumn(
    string Name, Func<int, DataViewType> Type, MhcDetails Details, Func<Func<MhcScore>, Delegate> Getter)
{
    /// <summary>All of them, in the order in which they are added.</summary>
    public static IReadOnlyList<OutputColumn> All { get; } =
    [
        // Single and not Double: it is what ML.NET's trainers, evaluators and Concatenate take.
        Single(nameof(MhcScore.LogLikelihood), score => score.LogLikelihood),
        Single(nameof(MhcScore.MeanNegativeLogLikelihood), score => score.MeanNegativeLogLikelihood),
        Single(nameof(MhcScore.Perplexity), score => score.Perplexity),
        Single(nameof(MhcScore.Bits), score => score.Bits),
        Single(nameof(MhcScore.BitsPerByte), score => score.BitsPerByte),
        OfQuantiles(Single(nameof(MhcScore.Percentile), score => score.Percentile!.Value)),
        OfQuantiles(Boolean(nameof(MhcScore.IsAnomaly), MhcDetails.None, score => score.IsAnomaly!.Value)),
        Int32(nameof(MhcScore.TokenCount), score => score.TokenCount),
        Int32(nameof(MhcScore.UnknownCount), score => score.UnknownCount),
        Int32(nameof(MhcScore.ByteCount), score => score.ByteCount),
        Int32(nameof(MhcScore.WindowCount), score => score.WindowCount),
        Int32(nameof(MhcScore.TruncatedCount), score => score.TruncatedCount),
        Boolean(nameof(MhcScore.IsGreedy), MhcDetails.IsGreedy, score => score.IsGreedy!.Value),
        Vector(nameof(MhcScore.TokenLogProbs), NumberDataViewType.Single, MhcDetails.None, score => score.TokenLogProbs),
        OfTokens("TokenTexts", TextDataViewType.Instance, MhcDetails.Tokens, token => token.Text.AsMemory()),
        OfTokens("TokenIds", NumberDataViewType.Int32, MhcDetails.Tokens, token => token.Id),
        OfTokens("TokenStarts", NumberDataViewType.Int32, MhcDetails.Tokens, token => token.Start),
        OfTokens("TokenRanks", NumberDataViewType.Int32, MhcDetails.Ranks, token => token.Rank!.Value),
        OfTokens("TokenEntropies", NumberDataViewType.Single, MhcDetails.Entropies, token => token.Entropy!.Value),
        Hidden(nameof(MhcScore.HiddenMean), MhcDetails.HiddenMean, score => score.HiddenMean!),
        Hidden(nameof(MhcScore.HiddenLast), MhcDetails.HiddenLast, score => score.HiddenLast!),
    ];

    /// <value>Whether it needs what ordinary texts score: <see cref="MhcModelInfo.BitsPerByteQuantiles"/>.</value>
    public bool NeedsQuantiles { get; private init; }

    private static OutputColumn OfQuantiles(OutputColumn column) => column with { NeedsQuantiles = true };

    private static OutputColumn Boolean(string name, MhcDetails details, Func<MhcScore, bool> value) => new(name,
        _ => BooleanDataViewType.Instance, details, score => (ValueGetter<bool>)((ref bool result) => result = value(score())));

    private static OutputColumn Single(string name, Func<MhcScore, double> value) => new(name, _ => NumberDataViewType.Single,
        MhcDetails.None, score => (ValueGetter<float>)((ref float result) => result = (float)value(score())));

    private static OutputColumn Int32(string name, Func<MhcScore, int> value) => new(name, _ => NumberDataViewType.Int32,
        MhcDetails.None, score => (ValueGetter<int>)((ref int result) => result = value(score())));

    private static OutputColumn Hidden(string name, MhcDetails details, Func<MhcScore, float[]> values) =>
        Vector(name, NumberDataViewType.Single, details, values) with { Type = channels => new VectorDataViewType(NumberDataViewType.Single, channels) };

    // As long as TokenLogProbs: a first token that has no score is left out.
    private static OutputColumn OfTokens<T>(string name, PrimitiveDataViewType type, MhcDetails details, Func<MhcToken, T> value) =>
        Vector<T>(name, type, details, score => [.. score.Tokens.Where(token => token.LogProb is not null).Select(value)]);

    private static OutputColumn Vector<T>(string name, PrimitiveDataViewType type, MhcDetails details, Func<MhcScore, T[]> values) =>
        new(name, _ => new VectorDataViewType(type), details,
            score => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => Copy(values(score()), ref value)));

    // The caller owns the buffer's memory and may write to it: the score's own array stays ours.
    private static void Copy<T>(T[] source, ref VBuffer<T> target)
    {
        VBufferEditor<T> editor = VBufferEditor.Create(ref target, source.Length);
        source.CopyTo(editor.Values);
        target = editor.Commit();
    }
}
