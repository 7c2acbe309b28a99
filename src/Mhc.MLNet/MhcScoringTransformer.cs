using Mhc.MLNet.ModelZip;
using Mhc.MLNet.Pipeline;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet;

/// <summary>
/// Scores a text column; made by fitting <see cref="MhcCatalog.ScoreMhc"/> or by loading a saved pipeline. Thread-safe.
/// Whoever fitted or loaded it disposes it, or the chain that holds it; a PredictionEngine disposes it too, unless it was made with
/// <c>OwnsTransformer = false</c>.
/// </summary>
/// <remarks>
/// Loading a pipeline whose model cannot be used throws <see cref="System.Reflection.TargetInvocationException"/>: ML.NET calls what reads
/// a zip by reflection. Its <see cref="Exception.InnerException"/> says what is wrong, in the words that <see cref="MhcScorer"/> has too.
/// </remarks>
public sealed class MhcScoringTransformer : ITransformer, IDisposable
{
    private readonly MhcScoringOptions _options;
    private readonly OnnxFile _model;

    internal MhcScoringTransformer(MhcScoringOptions options, OnnxFile model)
    {
        (_options, _model) = (options, model);
        Scorer = model.Open(options);
        try
        {
            Scorer.CheckAvailable(options.OutputColumns.Aggregate(MhcDetails.None, (details, column) => details | column.Details));
            if (Scorer.Model.BitsPerByteQuantiles is null && options.OutputColumns.FirstOrDefault(column => column.NeedsQuantiles) is { } column)
                throw new InvalidOperationException($"{options.ModelPath} does not say what ordinary texts score, so there is no {column.Name}. "
                    + "Train it with a validation split, or leave the column out.");
        }
        catch
        {
            Scorer.Dispose();
            throw;
        }
    }

    /// <value>The scorer that does the work, for use outside the pipeline as well. Lives as long as this transformer.</value>
    public MhcScorer Scorer { get; }

    /// <value>True: a row's scores depend on that row alone.</value>
    public bool IsRowToRowMapper => true;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return Schema(inputSchema).Output;
    }

    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new RowMapper(Schema(inputSchema), Scorer);
    }

    /// <summary>A lazy view: texts are scored in batches as its rows are read, and only when one of the scores is asked for.</summary>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoredView(input, Schema(input.Schema), Scorer);
    }

    public void Dispose() => Scorer.Dispose();

    private ScoringSchema Schema(DataViewSchema input) => new(input, _options, Scorer.Channels);

    void ICanSaveModel.Save(ModelSaveContext ctx) => ScoringModelZip.Save(ctx, _options, _model);
}
