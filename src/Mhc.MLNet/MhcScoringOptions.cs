using Mhc.MLNet.Pipeline;

namespace Mhc.MLNet;

/// <summary>How <see cref="MhcCatalog.ScoreMhc"/> scores a text column.</summary>
public sealed record MhcScoringOptions : MhcScorerOptions
{
    /// <value>The .onnx file, made by <c>mhc export</c>. Read when the estimator is fitted.</value>
    public required string ModelPath { get; init; }

    /// <value>
    /// Whether a saved pipeline carries the model in its zip. Otherwise the zip names the file, by <see cref="ModelPath"/> as it is given
    /// here: a relative path is looked for in the working directory, then beside the program. A model of two files cannot be in a zip.
    /// Default: true.
    /// </value>
    public bool ModelInZip { get; init; } = true;

    /// <value>The text column to score. Default: <c>Text</c>.</value>
    public string TextColumn { get; init; } = "Text";

    /// <value>A text column with what stands before each text: <see cref="MhcText.Context"/>. Default: null, nothing does.</value>
    public string? ContextColumn { get; init; }

    /// <value>Put before the names of the output columns, so that one pipeline can hold several models. Default: nothing.</value>
    public string ColumnPrefix { get; init; } = "";

    /// <value>
    /// Which columns to add, of those that <see cref="MhcCatalog.ScoreMhc"/> lists. A column costs nothing where nobody reads it. Default:
    /// LogLikelihood, Perplexity, BitsPerByte, TokenCount, UnknownCount, TokenLogProbs.
    /// </value>
    public IReadOnlyList<string> Columns { get; init; } =
    [
        nameof(MhcScore.LogLikelihood), nameof(MhcScore.Perplexity), nameof(MhcScore.BitsPerByte), nameof(MhcScore.TokenCount),
        nameof(MhcScore.UnknownCount), nameof(MhcScore.TokenLogProbs),
    ];

    /// <value>The columns to add, in the order of <see cref="OutputColumn.All"/>.</value>
    internal OutputColumn[] OutputColumns => [.. OutputColumn.All.Where(column => Columns.Contains(column.Name))];

    internal override void Validate()
    {
        base.Validate();
        ArgumentException.ThrowIfNullOrWhiteSpace(ModelPath);
        ArgumentException.ThrowIfNullOrWhiteSpace(TextColumn);
        ArgumentNullException.ThrowIfNull(ColumnPrefix);
        ArgumentNullException.ThrowIfNull(Columns);
        if (ContextColumn is not null)
            ArgumentException.ThrowIfNullOrWhiteSpace(ContextColumn);
        string? unknown = Columns.FirstOrDefault(name => OutputColumn.All.All(column => column.Name != name));
        if (unknown is not null || Columns.Count == 0)
            throw new ArgumentException($"Columns {(unknown is null ? "is empty" : $"has `{unknown}`")}. Expected some of "
                + $"{string.Join(", ", OutputColumn.All.Select(column => column.Name))}.");
    }
}
