using Mhc.MLNet;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.Cli.Bench;

/// <summary>One way to score a set of texts, over and over.</summary>
internal interface IScoringWay : IDisposable
{
    string Name { get; }

    /// <summary>Scores the texts once.</summary>
    /// <returns>How many tokens were scored.</returns>
    long Score();
}

/// <summary>The scorer itself, the texts in a list or read as they are scored.</summary>
internal sealed class ScorerWay(ScoringModel model, string[] texts, MhcScorerOptions options, bool lazily) : IScoringWay
{
    private readonly MhcScorer _scorer = new(model.Scores, options);

    public string Name => lazily ? "MhcScorer.ScoreLazily" : "MhcScorer.Score";

    public long Score() =>
        (lazily ? _scorer.ScoreLazily(texts.Select(text => text)) : _scorer.Score(texts)).Sum(score => (long)score.TokenCount);

    public void Dispose() => _scorer.Dispose();
}

/// <summary>The scorer in an ML.NET pipeline over a view whose rows are made as they are read.</summary>
internal sealed class PipelineWay : IScoringWay
{
    private readonly MhcScoringTransformer _transformer;
    private readonly IDataView _scored;

    public PipelineWay(ScoringModel model, string[] texts, MhcScoringOptions options)
    {
        var mlContext = new MLContext();
        IDataView rows = mlContext.Data.LoadFromEnumerable(texts.Select(text => new Row { Text = text }));
        _transformer = mlContext.ScoreMhc(options with { ModelPath = model.Scores }).Fit(rows);
        _scored = _transformer.Transform(rows);
    }

    public string Name => "ML.NET, ScoreMhc";

    public long Score() => _scored.GetColumn<int>("TokenCount").Sum(count => (long)count);

    public void Dispose() => _transformer.Dispose();

    private sealed class Row
    {
        public string Text { get; set; } = "";
    }
}
