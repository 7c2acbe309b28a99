using Mhc.MLNet.Tests.Kit;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Tests;

public sealed class ScoredViewOfATable : IDisposable
{
    private static readonly MLContext MlContext = new(seed: 1);
    private readonly CountingView _source =
        new(MlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 50).Select(i => new TextRow { Text = new string('x', i), Number = i })));
    private readonly MhcScoringTransformer _model;
    private readonly IDataView _scored;

    public ScoredViewOfATable()
    {
        _model = MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = TestModels.Bytes, TokensPerBatch = 64 }).Fit(_source);
        _scored = _model.Transform(_source);
    }

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("Number", "Number")]
    [InlineData("Text,Number", "Text,Number")]
    [InlineData("BitsPerByte", "Text")]
    [InlineData("BitsPerByte,TokenLogProbs", "Text")]
    [InlineData("Number,BitsPerByte", "Number|Text")]
    public void OpensOnlyTheCursorsItNeeds(string columns, string opened)
    {
        using DataViewRowCursor cursor = Open(columns);
        while (cursor.MoveNext())
        {
        }
        Assert.Equal(opened, string.Join('|', _source.Opened));
    }

    [Fact]
    public void KeepsRowsAndScoresTogether()
    {
        using DataViewRowCursor cursor = Open("Number,TokenCount");
        ValueGetter<float> number = cursor.GetGetter<float>(_scored.Schema["Number"]);
        ValueGetter<int> tokens = cursor.GetGetter<int>(_scored.Schema["TokenCount"]);
        (float, int) row = default;
        for (int i = 0; i < 50; i++)
        {
            Assert.True(cursor.MoveNext());
            Assert.Equal(i, cursor.Position);
            number(ref row.Item1);
            tokens(ref row.Item2);
            Assert.Equal((i, i), row);
        }
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.MoveNext());
        Assert.Equal(-1, cursor.Position);
    }

    [Fact]
    public void GivesEachRowTheSameIdWhateverIsRead()
    {
        Assert.Equal(Ids("Number"), Ids("Number,BitsPerByte"));
        Assert.Equal(Ids("Number"), Ids("BitsPerByte"));
    }

    [Fact]
    public void GivesValuesThatTheCallerMayChange()
    {
        using DataViewRowCursor cursor = Open("TokenLogProbs");
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(_scored.Schema["TokenLogProbs"]);
        cursor.MoveNext();
        cursor.MoveNext();
        VBuffer<float> value = default;
        getter(ref value);
        float expected = value.GetItemOrDefault(0);
        VBufferEditor.CreateFromBuffer(ref value).Values[0] = 7;
        getter(ref value);
        Assert.Equal(expected, value.GetItemOrDefault(0));
    }

    [Fact]
    public void RefusesInactiveColumnsAndOtherTypes()
    {
        using DataViewRowCursor cursor = Open("BitsPerByte");
        Assert.False(cursor.IsColumnActive(_scored.Schema["Number"]));
        Assert.Equal("The column 'Number' is not among those that the row or cursor was opened for.",
            Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<float>(_scored.Schema["Number"])).Message);
        Assert.Equal("Invalid TValue in GetGetter for column 'BitsPerByte': 'System.Double', expected 'System.Single'.",
            Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<double>(_scored.Schema["BitsPerByte"])).Message);
    }

    [Fact]
    public void KeepsTheOrder()
    {
        Assert.False(_scored.CanShuffle);
        Assert.Single(_scored.GetRowCursorSet([], 4));
        Assert.Equal(_source.GetRowCount(), _scored.GetRowCount());
    }

    [Fact]
    public void SaysThatItsModelIsDisposed()
    {
        _model.Dispose();
        using DataViewRowCursor cursor = Open("BitsPerByte");
        Assert.Throws<ObjectDisposedException>(() => cursor.MoveNext());
    }

    private DataViewRowCursor Open(string columns) => _scored.GetRowCursor(columns.Split(',').Select(name => _scored.Schema[name]));

    private List<DataViewRowId> Ids(string columns)
    {
        using DataViewRowCursor cursor = Open(columns);
        ValueGetter<DataViewRowId> getter = cursor.GetIdGetter();
        var ids = new List<DataViewRowId>();
        DataViewRowId id = default;
        while (cursor.MoveNext())
        {
            getter(ref id);
            ids.Add(id);
        }
        return ids;
    }
}

public class ScoredViewOfManyRows
{
    [Fact]
    public void TakesNoMoreMemoryThanAtItsBeginning() =>
        Assert.InRange(long.Parse(SecondProcess.Start("view-many", TestModels.SmallBytes)), long.MinValue, 16);
}
