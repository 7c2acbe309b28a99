using Microsoft.ML;

namespace Mhc.MLNet.Pipeline;

/// <summary>
/// A view with the scores beside the columns of its source. Look-ahead works as in ML.NET's own views: of two cursors over the source in
/// lock-step one passes columns through, the other reads the texts ahead; where only one of the two is needed only that one is opened.
/// </summary>
internal sealed class ScoredView(IDataView source, ScoringSchema schema, MhcScorer scorer) : IDataView
{
    public DataViewSchema Schema => schema.Output;

    /// <value>False: scores are computed ahead in the source's order.</value>
    public bool CanShuffle => false;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        DataViewSchema.Column[] active = [.. columnsNeeded];
        DataViewSchema.Column[] passed = [.. schema.PassedThrough(active)];
        bool scores = schema.AnyOurs(active);
        DataViewRowCursor? rows = scores && passed.Length == 0 ? null : source.GetRowCursor(passed);
        return new ScoredCursor(schema, rows, scores ? new ScoreReader(source, schema, schema.Details(active), scorer) : null, active);
    }

    /// <summary>One cursor whatever <paramref name="n"/>: the model itself uses the machine's threads.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}
