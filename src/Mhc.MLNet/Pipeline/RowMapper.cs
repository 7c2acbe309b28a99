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
        IEnumerable<DataViewSchema.Column> scored = schema.AnyOurs(columns) ? schema.Sources : [];
        return schema.PassedThrough(columns).Concat(scored).DistinctBy(column => column.Index);
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new Row(schema, scorer, input, [.. activeColumns.Select(column => column.Index)]);

    private sealed class Row : DataViewRow
    {
        private readonly ScoringSchema _schema;
        private readonly MhcScorer _scorer;
        private readonly DataViewRow _input;
        private readonly HashSet<int> _active;
        private readonly MhcDetails _details;
        private readonly Func<MhcText>? _text;
        private (long Position, MhcText Text, MhcScore Score)? _scored;

        public Row(ScoringSchema schema, MhcScorer scorer, DataViewRow input, HashSet<int> active)
        {
            (_schema, _scorer, _input, _active) = (schema, scorer, input, active);
            DataViewSchema.Column[] columns = [.. schema.Output.Where(column => active.Contains(column.Index))];
            _details = schema.Details(columns);
            if (schema.AnyOurs(columns))
                _text = schema.TextOf(input);
        }

        public override DataViewSchema Schema => _schema.Output;

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Getters.CheckActive(this, column);
            return _schema.Ours(column) is { } ours
                ? Getters.As<TValue>(ours.Getter(CurrentScore), column)
                : _input.GetGetter<TValue>(_schema.Input[column.Index]);
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        /// <summary>
        /// One scoring for all columns of a row. The text is compared as well: not every row that ML.NET hands in counts positions.
        /// </summary>
        private MhcScore CurrentScore()
        {
            MhcText text = _text!();
            if (_scored is not { } last || last.Position != Position || text != last.Text)
                _scored = last = (Position, text, _scorer.Score(text, _details));
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
