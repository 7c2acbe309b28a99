using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

/// <summary>The columns that scoring adds, in this order.</summary>
internal static class OutputColumns
{
    // Single and not Double: it is what ML.NET's trainers, evaluators and Concatenate take.
    public static readonly (string Name, DataViewType Type)[] All =
    [
        (nameof(MhcScore.LogLikelihood), NumberDataViewType.Single),
        (nameof(MhcScore.Perplexity), NumberDataViewType.Single),
        (nameof(MhcScore.BitsPerByte), NumberDataViewType.Single),
        (nameof(MhcScore.TokenCount), NumberDataViewType.Int32),
        (nameof(MhcScore.UnknownCount), NumberDataViewType.Int32),
        (nameof(MhcScore.TokenLogProbs), new VectorDataViewType(NumberDataViewType.Single)),
    ];

    /// <summary>A getter of ML.NET's for one of the columns, over whatever gives the current row's score.</summary>
    public static Delegate Getter(int column, Func<MhcScore> score) => column switch
    {
        0 => (ValueGetter<float>)((ref float value) => value = (float)score().LogLikelihood),
        1 => (ValueGetter<float>)((ref float value) => value = (float)score().Perplexity),
        2 => (ValueGetter<float>)((ref float value) => value = (float)score().BitsPerByte),
        3 => (ValueGetter<int>)((ref int value) => value = score().TokenCount),
        4 => (ValueGetter<int>)((ref int value) => value = score().UnknownCount),
        5 => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) => Copy(score().TokenLogProbs, ref value)),
        _ => throw new ArgumentOutOfRangeException(nameof(column)),
    };

    // The caller owns the buffer's memory and may write to it: the score's own array stays ours.
    private static void Copy(float[] source, ref VBuffer<float> target)
    {
        VBufferEditor<float> editor = VBufferEditor.Create(ref target, source.Length);
        source.CopyTo(editor.Values);
        target = editor.Commit();
    }
}
