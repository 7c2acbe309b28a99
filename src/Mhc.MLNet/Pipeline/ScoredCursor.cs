using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

/// <summary>The source's row and its score, moved together. At least one of <c>rows</c> and <c>scores</c> is there.</summary>
internal sealed class ScoredCursor(
    ScoringSchema schema, DataViewRowCursor? rows, ScoreReader? scores, DataViewSchema.Column[] active) : DataViewRowCursor
{
    private readonly HashSet<int> _active = [.. active.Select(column => column.Index)];
    private long _position = -1;

    public override DataViewSchema Schema => schema.Output;

    public override long Position => _position;

    public override long Batch => 0;

    public override bool MoveNext()
    {
        bool row = rows?.MoveNext() ?? scores!.MoveNext();
        if (rows is not null && scores is not null && scores.MoveNext() != row)
            throw new InvalidOperationException("Two cursors over the source of the scored view gave different numbers of rows. "
                + "Cache the source with mlContext.Data.Cache.");
        _position = row ? _position + 1 : -1;
        return row;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Getters.CheckActive(this, column);
        return schema.Ours(column) is { } ours
            ? Getters.As<TValue>(ours.Getter(() => scores!.Current), column)
            : rows!.GetGetter<TValue>(schema.Input[column.Index]);
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() =>
        rows?.GetIdGetter() ?? ((ref DataViewRowId id) => id = scores!.CurrentId);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            rows?.Dispose();
            scores?.Dispose();
        }
        base.Dispose(disposing);
    }
}
