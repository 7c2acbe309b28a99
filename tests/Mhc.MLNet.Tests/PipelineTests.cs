using Mhc.MLNet.Tests.Kit;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Tests;

public class ScoredColumn
{
    private static readonly MLContext MlContext = new(seed: 1);
    private static readonly string[] Texts = [.. Enumerable.Range(0, 60).Select(i => new string((char)('a' + i % 26), i))];

    [Fact]
    public void HasTheScorersValues()
    {
        using MhcScoringTransformer model = Fit(new MhcScoringOptions { ModelPath = TestModels.Bytes, TokensPerBatch = 100 });
        List<ScoredRow> rows = [.. MlContext.Data.CreateEnumerable<ScoredRow>(model.Transform(View()), reuseRowObject: false)];
        Assert.Equal(Texts, rows.Select(row => row.Text));
        foreach ((ScoredRow row, MhcScore score) in rows.Zip(model.Scorer.Score(Texts)))
        {
            Assert.Equal((score.TokenCount, score.UnknownCount), (row.TokenCount, row.UnknownCount));
            Assert.Equal(((float)score.LogLikelihood, (float)score.Perplexity, (float)score.BitsPerByte),
                (row.LogLikelihood, row.Perplexity, row.BitsPerByte));
            Assert.Equal(score.TokenLogProbs, row.TokenLogProbs);
        }
    }

    [Fact]
    public void IsAsTheEstimatorForetells()
    {
        var options = new MhcScoringOptions { ModelPath = TestModels.Bytes, ColumnPrefix = "Mhc" };
        using MhcScoringTransformer model = Fit(options);
        Assert.Equal(
            ["Text String", "Number Single", "Label Boolean", "MhcLogLikelihood Single", "MhcPerplexity Single", "MhcBitsPerByte Single",
                "MhcTokenCount Int32", "MhcUnknownCount Int32", "MhcTokenLogProbs Vector<Single>"],
            model.GetOutputSchema(View().Schema).Select(column => $"{column.Name} {column.Type}"));
        // Fitting a chain compares the two: the next stage is asked with the foretold schema.
        using var chain = (IDisposable)MlContext.ScoreMhc(options)
            .Append(MlContext.Transforms.CopyColumns("Copy", "MhcTokenLogProbs")).Fit(View());
    }

    [Fact]
    public void MayHaveAnotherNameThanText()
    {
        using MhcScoringTransformer model = MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = TestModels.Bytes, TextColumn = "Body" })
            .Fit(MlContext.Transforms.CopyColumns("Body", "Text").Fit(View()).Transform(View()));
        Assert.Equal("Could not find input column 'Body' (Parameter 'inputSchema')",
            Assert.Throws<ArgumentOutOfRangeException>(() => model.Transform(View())).Message);
    }

    [Fact]
    public void FeedsATrainer()
    {
        var pipeline = MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = TestModels.Bytes })
            .Append(MlContext.Transforms.Conversion.ConvertType("Tokens", "TokenCount", DataKind.Single))
            .Append(MlContext.Transforms.Concatenate("Features", "BitsPerByte", "Tokens"))
            .Append(MlContext.Transforms.ReplaceMissingValues("Features"))
            .Append(MlContext.Transforms.NormalizeMinMax("Features"))
            .Append(MlContext.BinaryClassification.Trainers.LbfgsLogisticRegression());
        using var model = pipeline.Fit(View());
        // The label is whether the text is long.
        Assert.True(MlContext.BinaryClassification.Evaluate(model.Transform(View())).Accuracy > 0.9);
    }

    [Fact]
    public void CanBeCachedTakenPreviewedAndFiltered()
    {
        using MhcScoringTransformer model = Fit(new MhcScoringOptions { ModelPath = TestModels.Bytes });
        IDataView scored = model.Transform(View());
        float[] all = [.. scored.GetColumn<float>("LogLikelihood")];
        Assert.Equal(all, MlContext.Data.Cache(scored).GetColumn<float>("LogLikelihood"));
        Assert.Equal(all[..7], MlContext.Data.TakeRows(scored, 7).GetColumn<float>("LogLikelihood"));
        Assert.Equal(all[7..], MlContext.Data.SkipRows(scored, 7).GetColumn<float>("LogLikelihood"));
        Assert.Equal(all.Order(), MlContext.Data.ShuffleRows(scored, seed: 1).GetColumn<float>("LogLikelihood").Order());
        Assert.Equal(all.Count(value => value < -100),
            MlContext.Data.FilterRowsByColumn(scored, "LogLikelihood", upperBound: -100).GetColumn<int>("TokenCount").Count());
        Assert.Equal(all[1], scored.Preview(maxRows: 5).RowView[1].Values.Single(pair => pair.Key == "LogLikelihood").Value);
    }

    [Fact]
    public void IsRefusedByFitWhenTheModelIsMissing() => Assert.Equal(
        $"{Path.GetFullPath("nowhere.onnx")} does not exist. Make it with `mhc export`, or correct the path.",
        Assert.Throws<FileNotFoundException>(() => Fit(new MhcScoringOptions { ModelPath = "nowhere.onnx" })).Message);

    private static MhcScoringTransformer Fit(MhcScoringOptions options) => MlContext.ScoreMhc(options).Fit(View());

    private static IDataView View() =>
        MlContext.Data.LoadFromEnumerable(
            Texts.Select(text => new TextRow { Text = text, Number = text.Length, Label = text.Length > 30 }));
}

public class WrongTextColumn
{
    private static readonly MLContext MlContext = new();

    [Theory]
    [InlineData("Nope", "Could not find input column 'Nope' (Parameter 'inputSchema')")]
    [InlineData("Number", "Schema mismatch for input column 'Number': expected String, got Single (Parameter 'inputSchema')")]
    public void IsToldInTheWordsOfMlNet(string column, string message)
    {
        IDataView view = MlContext.Data.LoadFromEnumerable([new TextRow()]);
        IEstimator<ITransformer> alone = MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = TestModels.Bytes, TextColumn = column });
        // In a chain it is told before anything is fitted, by GetOutputSchema.
        EstimatorChain<ITransformer> chained = MlContext.Transforms.CopyColumns("Copy", "Text").Append(alone);
        Assert.Equal(message, Assert.Throws<ArgumentOutOfRangeException>(() => alone.Fit(view)).Message);
        Assert.Equal(message, Assert.Throws<ArgumentOutOfRangeException>(() => chained.Fit(view)).Message);
    }
}

public class ScoringOptions
{
    [Fact]
    public void HaveTheseDefaults() => Assert.Equivalent(
        new MhcScoringOptions
        {
            ModelPath = "a.onnx",
            TextColumn = "Text",
            ColumnPrefix = "",
            Device = MhcDevice.Cpu,
            DeviceId = 0,
            TokensPerBatch = 512,
            Threads = null,
            Prefix = MhcPrefix.OfModel,
            LongTexts = MhcLongTexts.Windows,
            Stride = null,
            ModelInZip = true,
            ContextColumn = null,
            Columns = ["LogLikelihood", "Perplexity", "BitsPerByte", "TokenCount", "UnknownCount", "TokenLogProbs"],
        },
        new MhcScoringOptions { ModelPath = "a.onnx" }, strict: true);

    public static TheoryData<MhcScoringOptions, string> Wrong => new()
    {
        { new MhcScoringOptions { ModelPath = " " }, "ModelPath" },
        { new MhcScoringOptions { ModelPath = "a.onnx", TextColumn = "" }, "TextColumn" },
        { new MhcScoringOptions { ModelPath = "a.onnx", ColumnPrefix = null! }, "ColumnPrefix" },
        { new MhcScoringOptions { ModelPath = "a.onnx", TokensPerBatch = 0 }, "TokensPerBatch" },
        { new MhcScoringOptions { ModelPath = "a.onnx", Threads = 0 }, "Threads" },
        { new MhcScoringOptions { ModelPath = "a.onnx", DeviceId = -1 }, "DeviceId" },
        { new MhcScoringOptions { ModelPath = "a.onnx", Device = (MhcDevice)9 }, "Device" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void AreCheckedAtOnce(MhcScoringOptions options, string wrong) =>
        Assert.Equal(wrong, Assert.ThrowsAny<ArgumentException>(() => new MLContext().ScoreMhc(options)).ParamName);

    [Fact]
    public void NameTheDevicesThatThereAre()
    {
        var options = new MhcScoringOptions { ModelPath = "a.onnx", Device = (MhcDevice)9 };
        Assert.Equal($"Expected Cpu, CudaRequired or CudaIfAvailable. (Parameter 'Device'){Environment.NewLine}Actual value was 9.",
            Assert.Throws<ArgumentOutOfRangeException>(() => new MLContext().ScoreMhc(options)).Message);
    }
}
