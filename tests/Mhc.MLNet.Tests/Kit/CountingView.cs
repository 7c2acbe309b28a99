using Microsoft.ML;

namespace Mhc.MLNet.Tests.Kit;

/// <summary>A view that notes which columns each cursor over it was opened for.</summary>
internal sealed class CountingView(IDataView source) : IDataView
{
    public List<string> Opened { get; } = [];

    public DataViewSchema Schema => source.Schema;

    public bool CanShuffle => source.CanShuffle;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        Opened.Add(string.Join(',', columnsNeeded.Select(column => column.Name)));
        return source.GetRowCursor(columnsNeeded, rand);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}
