using Mhc.MLNet.Pipeline;
using Microsoft.ML;

namespace Mhc.MLNet;

/// <summary>mHC models in ML.NET pipelines.</summary>
public static class MhcCatalog
{
    /// <summary>
    /// Scores a text column with an exported mHC model and adds the columns <c>LogLikelihood</c>, <c>Perplexity</c>, <c>BitsPerByte</c>
    /// (Single), <c>TokenCount</c>, <c>UnknownCount</c> (Int32) and <c>TokenLogProbs</c> (variable-length vector of Single), as
    /// <see cref="MhcScore"/> defines them. A model file is run by native code: open only files, and load only zips, that you trust.
    /// </summary>
    /// <remarks>
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
