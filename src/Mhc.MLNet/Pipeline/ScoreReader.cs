using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

/// <summary>Reads the columns that are scored ahead, through a cursor of its own, and gives the scores one by one.</summary>
internal sealed class ScoreReader : IDisposable
{
    private readonly DataViewRowCursor _cursor;
    private readonly IEnumerator<MhcScore> _scores;
    private readonly Queue<DataViewRowId> _idsAhead = [];

    public ScoreReader(IDataView source, ScoringSchema schema, MhcDetails details, MhcScorer scorer)
    {
        _cursor = source.GetRowCursor(schema.Sources);
        _scores = scorer.ScoreLazily(Texts(schema), details).GetEnumerator();
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

    private IEnumerable<MhcText> Texts(ScoringSchema schema)
    {
        Func<MhcText> text = schema.TextOf(_cursor);
        ValueGetter<DataViewRowId> idGetter = _cursor.GetIdGetter();
        DataViewRowId id = default;
        while (_cursor.MoveNext())
        {
            idGetter(ref id);
            _idsAhead.Enqueue(id);
            yield return text();
        }
    }
}
