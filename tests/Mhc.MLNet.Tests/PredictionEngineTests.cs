using Mhc.MLNet.Tests.Kit;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Tests;

public class PredictionEngines
{
    private static readonly MLContext MlContext = new();
    private static readonly IDataView Empty = MlContext.Data.LoadFromEnumerable<TextRow>([]);

    [Fact]
    public void GiveTheScorersValues()
    {
        MhcScoringTransformer model = Fit();
        using PredictionEngine<TextRow, ScoredRow> engine = MlContext.Model.CreatePredictionEngine<TextRow, ScoredRow>(model);
        foreach (string text in (string[])["hello", "", "hello", "other"])
            Assert.Equal(model.Scorer.Score(text).TokenLogProbs, engine.Predict(new TextRow { Text = text }).TokenLogProbs);
    }

    /// <summary>With the scorer gone the second column can only come from what was computed for the first.</summary>
    [Fact]
    public void ScoreARowOnceForAllItsColumns()
    {
        MhcScoringTransformer model = Fit();
        IRowToRowMapper mapper = model.GetRowToRowMapper(Empty.Schema);
        DataViewSchema schema = mapper.OutputSchema;
        IDataView view = MlContext.Data.LoadFromEnumerable([new TextRow { Text = "hello" }, new TextRow { Text = "hello" }]);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        using DataViewRow row = mapper.GetRow(cursor, [schema["TokenCount"], schema["LogLikelihood"]]);
        ValueGetter<int> tokens = row.GetGetter<int>(schema["TokenCount"]);
        ValueGetter<float> logLikelihood = row.GetGetter<float>(schema["LogLikelihood"]);
        (int, float) values = default;

        cursor.MoveNext();
        tokens(ref values.Item1);
        model.Dispose();
        logLikelihood(ref values.Item2);
        Assert.Equal(5, values.Item1);
        Assert.True(values.Item2 < 0);
        cursor.MoveNext();
        Assert.Throws<ObjectDisposedException>(() => logLikelihood(ref values.Item2));
    }

    [Fact]
    public void DependOnTheTextOnlyForScores()
    {
        using MhcScoringTransformer model = Fit();
        IRowToRowMapper mapper = model.GetRowToRowMapper(Empty.Schema);
        DataViewSchema schema = mapper.OutputSchema;
        Assert.Equal(["Number"], mapper.GetDependencies([schema["Number"]]).Select(column => column.Name));
        Assert.Equal(["Number", "Text"], mapper.GetDependencies([schema["Number"], schema["BitsPerByte"]]).Select(column => column.Name));
        Assert.Equal(["Text"], mapper.GetDependencies([schema["Text"], schema["BitsPerByte"]]).Select(column => column.Name));
    }

    [Fact]
    public void DisposeTheModelUnlessTheyAreToldNotTo()
    {
        MhcScoringTransformer model = Fit();
        MlContext.Model.CreatePredictionEngine<TextRow, ScoredRow>(model, new PredictionEngineOptions { OwnsTransformer = false }).Dispose();
        Assert.Equal(1, model.Scorer.Score("a").TokenCount);
        MlContext.Model.CreatePredictionEngine<TextRow, ScoredRow>(model).Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Scorer.Score("a"));
    }

    private static MhcScoringTransformer Fit() => MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = TestModels.Bytes }).Fit(Empty);
}
