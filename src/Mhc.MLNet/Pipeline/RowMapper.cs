using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

/// <summary>Row by row, as a PredictionEngine asks: it hands in one row and reads its columns one after another.</summary>
internal sealed class RowMapper(ScoringSchema schema, MhcScorer scorer) : IRowToRowMapper
{
    public DataViewSchema InputSchema => schema.Input;

    public DataViewSchema OutputSchema => schema.Output;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        DataViewSchema.Column[] columns = [.. dependingColumns];
        IEnumerable<DataViewSchema.Column> text = schema.AnyOurs(columns) ? [schema.Text] : [];
        return schema.PassedThrough(columns).Concat(text).DistinctBy(column => column.Index);
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new Row(schema, scorer, input, [.. activeColumns.Select(column => column.Index)]);

    private sealed class Row : DataViewRow
    {
        private readonly ScoringSchema _schema;
        private readonly MhcScorer _scorer;
        private readonly DataViewRow _input;
        private readonly HashSet<int> _active;
        private readonly ValueGetter<ReadOnlyMemory<char>>? _text;
        private (long Position, string Text, MhcScore Score)? _scored;

        public Row(ScoringSchema schema, MhcScorer scorer, DataViewRow input, HashSet<int> active)
        {
            (_schema, _scorer, _input, _active) = (schema, scorer, input, active);
            if (schema.AnyOurs(schema.Output.Where(column => active.Contains(column.Index))))
                _text = input.GetGetter<ReadOnlyMemory<char>>(schema.Text);
        }

        public override DataViewSchema Schema => _schema.Output;

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Getters.CheckActive(this, column);
            return _schema.IsOurs(column, out int ours)
                ? Getters.As<TValue>(OutputColumns.Getter(ours, CurrentScore), column)
                : _input.GetGetter<TValue>(_schema.Input[column.Index]);
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        /// <summary>
        /// One scoring for all columns of a row. The text is compared as well: not every row that ML.NET hands in counts positions.
        /// </summary>
        private MhcScore CurrentScore()
        {
            ReadOnlyMemory<char> text = default;
            _text!(ref text);
            if (_scored is not { } last || last.Position != Position || !text.Span.SequenceEqual(last.Text))
            {
                string current = text.ToString();
                _scored = last = (Position, current, _scorer.Score(current));
            }
            return last.Score;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _input.Dispose();
            base.Dispose(disposing);
        }
    }
}
