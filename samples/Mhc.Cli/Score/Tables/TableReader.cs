using System.Text.Json;
using Parquet.Schema;

namespace Mhc.Cli.Score.Tables;

/// <summary>A row of the input.</summary>
/// <param name="Number">The line that it begins in, or which row it is, counted from 1.</param>
/// <param name="Text">What is scored; null where <see cref="Problem"/> says why there is nothing to score.</param>
/// <param name="Cells">A value for each column of the reader.</param>
internal sealed record InputRow(long Number, string? Text, object?[] Cells)
{
    /// <summary>What is wrong with the row, to be read behind its number; null where nothing is.</summary>
    public string? Problem { get; private init; }

    /// <summary>Of a bad row, as it stands in the input, as far as that can be told.</summary>
    public string? Content { get; private init; }

    /// <summary>The whole row where it is a JSON object, whose keys need not be those of other rows.</summary>
    public JsonElement? Record { get; init; }

    public static InputRow Bad(long number, string problem, string? content) =>
        new(number, null, []) { Problem = problem, Content = content };
}

/// <summary>Rows of an input, one after the other.</summary>
internal abstract class TableReader(Stream stream) : IDisposable
{
    /// <summary>What a row's number counts.</summary>
    public virtual string NumberOf => "line";

    /// <summary>What is passed on, as Parquet would have it.</summary>
    public abstract IReadOnlyList<DataField> Columns { get; }

    /// <summary>Before which of the columns, or behind them all, the scores stand.</summary>
    public virtual int ScoresAt => Columns.Count;

    /// <summary>How much of the input has been read, 0 to 1; null where it cannot be told.</summary>
    public virtual double? Done => stream.CanSeek ? (double)stream.Position / Math.Max(1, stream.Length) : null;

    /// <summary>Reads lazily, and once.</summary>
    /// <param name="skip">How many rows to pass over.</param>
    public abstract IEnumerable<InputRow> Rows(long skip);

    public virtual void Dispose() => stream.Dispose();
}
