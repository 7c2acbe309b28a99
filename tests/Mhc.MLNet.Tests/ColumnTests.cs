using Mhc.MLNet.Tests.Kit;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Tests;

public class ChosenColumnsTests
{
    private static readonly MLContext MlContext = new(seed: 1);

    private static readonly string[] All =
    [
        "LogLikelihood", "MeanNegativeLogLikelihood", "Perplexity", "Bits", "BitsPerByte", "Percentile", "IsAnomaly", "TokenCount", "UnknownCount", "ByteCount",
        "WindowCount", "TruncatedCount", "IsGreedy", "TokenLogProbs", "TokenTexts", "TokenIds", "TokenStarts", "TokenRanks",
        "TokenEntropies", "HiddenMean", "HiddenLast",
    ];

    private static readonly Pair[] Pairs =
        [new("first", "a"), new("second", ""), new("", "context"), new("a longer text than the model sees at once", "and before it ")];

    [Fact]
    public void AreTheScorers()
    {
        using MhcScoringTransformer model = Fit(All);
        IDataView view = model.Transform(View());
        MhcScore[] scores = [.. model.Scorer.Score([.. Pairs.Select(pair => new MhcText(pair.Text, pair.Before))], (MhcDetails)127)];

        Assert.Equal(scores.Select(score => (float)score.MeanNegativeLogLikelihood), view.GetColumn<float>("MeanNegativeLogLikelihood"));
        Assert.Equal(scores.Select(score => (float)score.Bits), view.GetColumn<float>("Bits"));
        Assert.Equal(scores.Select(score => (float)score.Percentile!.Value), view.GetColumn<float>("Percentile"));
        Assert.Equal(scores.Select(score => score.IsAnomaly!.Value), view.GetColumn<bool>("IsAnomaly"));
        Assert.Equal(scores.Select(score => score.ByteCount), view.GetColumn<int>("ByteCount"));
        Assert.Equal(scores.Select(score => score.WindowCount), view.GetColumn<int>("WindowCount"));
        Assert.Equal(scores.Select(score => score.IsGreedy!.Value), view.GetColumn<bool>("IsGreedy"));
        Assert.Equal(scores.Select(score => score.Tokens.Select(token => token.Text)), view.GetColumn<string[]>("TokenTexts"));
        Assert.Equal(scores.Select(score => score.Tokens.Select(token => token.Id)), view.GetColumn<int[]>("TokenIds"));
        Assert.Equal(scores.Select(score => score.Tokens.Select(token => token.Start)), view.GetColumn<int[]>("TokenStarts"));
        Assert.Equal(scores.Select(score => score.Tokens.Select(token => token.Rank!.Value)), view.GetColumn<int[]>("TokenRanks"));
        Assert.Equal(scores.Select(score => score.Tokens.Select(token => token.Entropy!.Value)), view.GetColumn<float[]>("TokenEntropies"));
        Assert.Equal(scores.Select(score => score.HiddenMean), view.GetColumn<float[]>("HiddenMean"));
        Assert.Equal(scores.Select(score => score.HiddenLast), view.GetColumn<float[]>("HiddenLast"));
    }

    [Fact]
    public void StandAsTheEstimatorForetells()
    {
        MhcScoringOptions options = Options(All);
        using MhcScoringTransformer model = Fit(All);
        Assert.Equal(All, model.GetOutputSchema(View().Schema).Skip(2).Select(column => column.Name));
        Assert.Equal("Vector<Single, 20>", $"{model.GetOutputSchema(View().Schema)["HiddenMean"].Type}");
        // Fitting a chain compares the two: the next stage is asked with the foretold schema.
        using var chain = (IDisposable)MlContext.ScoreMhc(options).Append(MlContext.Transforms.Conversion.ConvertType(
                [new InputOutputColumnPair("Greedy", "IsGreedy"), new InputOutputColumnPair("Ids", "TokenIds")], DataKind.Single)).Append(MlContext.Transforms.Concatenate("Features", "HiddenMean", "BitsPerByte"))
            .Fit(View());
    }

    [Fact]
    public void OfTheHiddenStateHaveSlotNames()
    {
        using MhcScoringTransformer model = Fit("HiddenMean");
        VBuffer<ReadOnlyMemory<char>> names = default;
        model.GetOutputSchema(View().Schema)["HiddenMean"].GetSlotNames(ref names);
        Assert.Equal(Enumerable.Range(0, 20).Select(slot => $"HiddenMean{slot}"), names.DenseValues().Select(name => name.ToString()));
    }

    [Fact]
    public void AreInAPredictionEngineToo()
    {
        using MhcScoringTransformer model = Fit("TokenTexts", "HiddenLast");
        using PredictionEngine<Pair, Predicted> engine = MlContext.Model.CreatePredictionEngine<Pair, Predicted>(
            model, new PredictionEngineOptions { OwnsTransformer = false });
        Predicted predicted = engine.Predict(new Pair("ab", "c"));
        MhcScore score = model.Scorer.Score(new MhcText("ab", "c"), MhcDetails.HiddenLast);
        Assert.Equal(["a", "b"], predicted.TokenTexts);
        Assert.Equal(score.HiddenLast, predicted.HiddenLast);
    }

    [Fact]
    public void MustBeInTheModel() => Assert.Equal($"{TestModels.Bytes} does not give HiddenMean. Export its checkpoint again with "
            + "`mhc export --hidden`, or do not ask for it.",
        Assert.Throws<InvalidOperationException>(() => MlContext.ScoreMhc(Options("HiddenMean") with { ModelPath = TestModels.Bytes })
            .Fit(View())).Message);

    [Fact]
    public void OfAnomaliesNeedQuantiles() => Assert.Equal($"{TestModels.Bytes} does not say what ordinary texts score, so there is no "
            + "IsAnomaly. Train it with a validation split, or leave the column out.",
        Assert.Throws<InvalidOperationException>(() => MlContext.ScoreMhc(Options("IsAnomaly") with { ModelPath = TestModels.Bytes })
            .Fit(View())).Message);

    [Fact]
    public void AreThoseThatThereAre()
    {
        Assert.Equal($"Columns has `Perplexities`. Expected some of {string.Join(", ", All)}.",
            Assert.Throws<ArgumentException>(() => MlContext.ScoreMhc(Options("Bits", "Perplexities"))).Message);
        Assert.Equal($"Columns is empty. Expected some of {string.Join(", ", All)}.",
            Assert.Throws<ArgumentException>(() => MlContext.ScoreMhc(Options())).Message);
    }

    [Fact]
    public void NeedTheirContextColumn() => Assert.Equal("Could not find input column 'Nowhere' (Parameter 'inputSchema')",
        Assert.Throws<ArgumentOutOfRangeException>(() => MlContext.ScoreMhc(Options("Bits") with { ContextColumn = "Nowhere" }).Fit(View()))
            .Message);

    private static MhcScoringOptions Options(params string[] columns) =>
        new() { ModelPath = TestModels.WithMoreOutputs, ContextColumn = "Before", Columns = columns };

    private static MhcScoringTransformer Fit(params string[] columns) => MlContext.ScoreMhc(Options(columns)).Fit(View());

    private static IDataView View() => MlContext.Data.LoadFromEnumerable(Pairs);

    private sealed class Pair(string text, string before)
    {
        public Pair()
            : this("", "")
        {
        }

        public string Text { get; set; } = text;

        public string Before { get; set; } = before;
    }

    private sealed class Predicted
    {
        public string[] TokenTexts { get; set; } = [];

        public float[] HiddenLast { get; set; } = [];
    }
}
