using Mhc.MLNet.Pipeline;
using Microsoft.ML;

namespace Mhc.MLNet;

/// <summary>mHC models in ML.NET pipelines.</summary>
public static class MhcCatalog
{
    /// <summary>
    /// Scores a text column with an exported mHC model. A model file is run by native code: open only files, and load only zips, that you
    /// trust.
    /// </summary>
    /// <remarks>
    /// The columns that <see cref="MhcScoringOptions.Columns"/> chooses from are those of <see cref="MhcScore"/>: Single
    /// <c>LogLikelihood</c>, <c>MeanNegativeLogLikelihood</c>, <c>Perplexity</c>, <c>Bits</c>, <c>BitsPerByte</c>, <c>Percentile</c>; Int32 <c>TokenCount</c>,
    /// <c>UnknownCount</c>, <c>ByteCount</c>, <c>WindowCount</c>, <c>TruncatedCount</c>; Boolean <c>IsAnomaly</c>, <c>IsGreedy</c>; vectors as long as the text has
    /// scored tokens: <c>TokenLogProbs</c> and <c>TokenEntropies</c> (Single), <c>TokenIds</c>, <c>TokenStarts</c>, <c>TokenRanks</c>
    /// (Int32), <c>TokenTexts</c> (Text); vectors of the model's width <c>HiddenMean</c> and <c>HiddenLast</c> (Single), to be concatenated
    /// into a trainer's features. Some need a model that was exported for them: <see cref="MhcDetails"/>.
    ///
    /// It hangs on the context and not on a catalog because ML.NET's catalogs hide their environment. Fitting opens the model and learns
    /// nothing. A saved pipeline carries the model in its zip and loads with a plain <c>mlContext.Model.Load</c> wherever Mhc.MLNet is
    /// deployed. What is wrong with a zip is said by the <see cref="Exception.InnerException"/> of the
    /// <see cref="System.Reflection.TargetInvocationException"/> that ML.NET throws then.
    /// </remarks>
    public static IEstimator<MhcScoringTransformer> ScoreMhc(this MLContext mlContext, MhcScoringOptions options)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new MhcScoringEstimator(mlContext, options);
    }
}
