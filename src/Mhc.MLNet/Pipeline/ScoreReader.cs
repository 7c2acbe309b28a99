using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

/// <summary>Reads the text column of a view ahead, through a cursor of its own, and gives the scores one by one.</summary>
internal sealed class ScoreReader : IDisposable
{
    private readonly DataViewRowCursor _cursor;
    private readonly IEnumerator<MhcScore> _scores;
    private readonly Queue<DataViewRowId> _idsAhead = [];

    public ScoreReader(IDataView source, DataViewSchema.Column text, MhcScorer scorer)
    {
        _cursor = source.GetRowCursor([text]);
        _scores = scorer.ScoreLazily(Texts(text)).GetEnumerator();
    }

    public MhcScore Current => _scores.Current;

    /// <summary>The source's id of the row: its cursor is ahead and has another by now.</summary>
    public DataViewRowId CurrentId { get; private set; }

    public bool MoveNext()
    {
        bool moved = _scores.MoveNext();
        CurrentId = moved ? _idsAhead.Dequeue() : default;
        return moved;
    }

    public void Dispose()
    {
        _scores.Dispose();
        _cursor.Dispose();
    }

    private IEnumerable<string> Texts(DataViewSchema.Column column)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = _cursor.GetGetter<ReadOnlyMemory<char>>(column);
        ValueGetter<DataViewRowId> idGetter = _cursor.GetIdGetter();
        ReadOnlyMemory<char> text = default;
        DataViewRowId id = default;
        while (_cursor.MoveNext())
        {
            getter(ref text);
            idGetter(ref id);
            _idsAhead.Enqueue(id);
            yield return text.ToString();
        }
    }
}
