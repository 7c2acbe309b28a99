using Mhc.MLNet.Tests.Kit;
using Microsoft.ML;

namespace Mhc.MLNet.Tests;

public class PoolOfPredictionEngines
{
    private static readonly MLContext MlContext = new(seed: 1);
    private static readonly TextRow Row = new() { Text = "some text" };

    [Fact]
    public async Task ServesManyThreadsAndIsReloadedUnderThem()
    {
        string zip = Temporary.File("pool.zip", []);
        Save(TestModels.Bytes, zip);
        using var pool = new MhcPredictionEnginePool<TextRow, ScoredRow>(zip);
        string first = $"{pool.Predict(Row)}";
        using var stop = new CancellationTokenSource();
        Task<HashSet<string>>[] callers = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            var seen = new HashSet<string>();
            while (!stop.IsCancellationRequested)
                seen.Add($"{pool.Predict(Row)}");
            return seen;
        }))];
        Save(TestModels.BytesWithoutPrefix, zip);
        pool.Reload();
        string second = $"{pool.Predict(Row)}";
        for (int i = 0; i < 5; i++)
            pool.Reload();
        await stop.CancelAsync();

        HashSet<string> all = [.. (await Task.WhenAll(callers)).SelectMany(seen => seen)];
        Assert.NotEqual(first, second);
        Assert.Subset(new HashSet<string> { first, second }, all);
    }

    [Fact]
    public void KeepsWhatItHasWhereTheNewCannotBeLoaded()
    {
        string zip = Temporary.File("kept.zip", []);
        Save(TestModels.Bytes, zip);
        using var pool = new MhcPredictionEnginePool<TextRow, ScoredRow>(zip);
        string before = $"{pool.Predict(Row)}";
        File.WriteAllText(zip, "no zip");

        Assert.ThrowsAny<Exception>(pool.Reload);

        Assert.Equal(before, $"{pool.Predict(Row)}");
    }

    [Fact]
    public void EndsWithItsDisposal()
    {
        string zip = Temporary.File("disposed.zip", []);
        Save(TestModels.Bytes, zip);
        var pool = new MhcPredictionEnginePool<TextRow, ScoredRow>(zip);
        pool.Predict(Row);
        pool.Dispose();
        pool.Dispose();

        Assert.Throws<ObjectDisposedException>(() => pool.Predict(Row));
        Assert.Throws<ObjectDisposedException>(pool.Reload);
    }

    [Fact]
    public void NeedsAFile() => Assert.Equal(
        "nowhere.zip does not exist. Save a pipeline there with mlContext.Model.Save, or correct the path.",
        Assert.Throws<FileNotFoundException>(() => new MhcPredictionEnginePool<TextRow, ScoredRow>("nowhere.zip")).Message);

    private static void Save(string model, string zip)
    {
        IDataView rows = MlContext.Data.LoadFromEnumerable<TextRow>([]);
        using MhcScoringTransformer transformer = MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = model }).Fit(rows);
        MlContext.Model.Save(transformer, rows.Schema, zip);
    }
}
