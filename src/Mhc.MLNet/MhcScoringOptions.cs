namespace Mhc.MLNet;

/// <summary>How <see cref="MhcCatalog.ScoreMhc"/> scores a text column.</summary>
public sealed record MhcScoringOptions : MhcScorerOptions
{
    /// <value>
    /// The .onnx file, made by <c>mhc export</c>. Read when the estimator is fitted; a saved pipeline carries the model in its zip.
    /// </value>
    public required string ModelPath { get; init; }

    /// <value>The text column to score. Default: <c>Text</c>.</value>
    public string TextColumn { get; init; } = "Text";

    /// <value>Put before the names of the output columns, so that one pipeline can hold several models. Default: nothing.</value>
    public string ColumnPrefix { get; init; } = "";

    internal override void Validate()
    {
        base.Validate();
        ArgumentException.ThrowIfNullOrWhiteSpace(ModelPath);
        ArgumentException.ThrowIfNullOrWhiteSpace(TextColumn);
        ArgumentNullException.ThrowIfNull(ColumnPrefix);
    }
}
