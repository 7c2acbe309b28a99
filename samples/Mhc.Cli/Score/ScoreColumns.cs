using Mhc.MLNet;
using Parquet.Schema;

namespace Mhc.Cli.Score;

/// <summary>The columns that scoring adds, and what is in them.</summary>
internal sealed class ScoreColumns
{
    private readonly List<(DataField Column, Func<MhcScore, object> Value)> _columns =
    [
        (new DataField<double>("LogLikelihood"), score => score.LogLikelihood),
        (new DataField<int>("TokenCount"), score => score.TokenCount),
        (new DataField<double>("Perplexity"), score => score.Perplexity),
        (new DataField<double>("BitsPerByte"), score => score.BitsPerByte),
        (new DataField<int>("UnknownCount"), score => score.UnknownCount),
    ];

    /// <param name="flag">A percentile above which a text is flagged; null for none.</param>
    /// <exception cref="InvalidDataException">The model does not say what is usual.</exception>
    public ScoreColumns(double? flag, MhcModelInfo model, string modelPath)
    {
        if (flag is { } percentile)
        {
            MhcQuantiles quantiles = model.BitsPerByteQuantiles ?? throw new InvalidDataException(
                $"{modelPath}: has no quantiles of bits per byte, which --flag goes by. A run gets them when it ends: finish it with "
                + "`mhc train --out RUN --resume`, or end it where it is with --max-iters at its last update, and export it again.");
            Threshold = quantiles.Value(percentile);
            _columns.Add((new DataField<double>("Percentile"), score => quantiles.Percentile(score.BitsPerByte)));
            _columns.Add((new DataField<bool>("IsAnomaly"), score => IsAnomaly(score)));
        }
        Columns = [.. _columns.Select(column => column.Column)];
    }

    public IReadOnlyList<DataField> Columns { get; }

    /// <summary>Bits per byte above which a text is flagged.</summary>
    public double? Threshold { get; }

    /// <summary>False too where no token was scored.</summary>
    public bool IsAnomaly(MhcScore score) => score.BitsPerByte > Threshold;

    /// <summary>A value for each of <see cref="Columns"/>.</summary>
    public object?[] Of(MhcScore score) => [.. _columns.Select(column => column.Value(score))];

    /// <summary>The names, with or without those that --flag adds.</summary>
    public static IEnumerable<string> Names(bool withFlag) => withFlag ? [.. Plain, "Percentile", "IsAnomaly"] : Plain;

    private static readonly string[] Plain = ["LogLikelihood", "TokenCount", "Perplexity", "BitsPerByte", "UnknownCount"];
}
