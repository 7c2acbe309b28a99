using System.Diagnostics.Metrics;
using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests;

[Collection(nameof(MeasuredScoring))]
[CollectionDefinition(nameof(MeasuredScoring), DisableParallelization = true)]
public class MeasuredScoring
{
    /// <summary>In one batch 16 windows' tokens and 3; a text of 20 tokens has the windows 0 to 15 and 4 to 19.</summary>
    [Fact]
    public void CountsTokensByWhatTheyAreFor()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { Threads = 1 });
        var tokens = new Dictionary<string, long>();
        int runs = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, itself) =>
        {
            if (instrument.Meter.Name == "Mhc.MLNet")
                itself.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) =>
        {
            Assert.Equal(("mhc.tokens", "{token}"), (instrument.Name, instrument.Unit));
            string kind = (string)tags[0].Value!;
            tokens[kind] = tokens.GetValueOrDefault(kind) + count;
        });
        listener.SetMeasurementEventCallback<double>((instrument, seconds, _, _) =>
        {
            Assert.Equal(("mhc.run.duration", "s"), (instrument.Name, instrument.Unit));
            Assert.InRange(seconds, 0, 60);
            runs++;
        });
        listener.Start();

        scorer.Score([new string('x', 20), "abc"]);

        Assert.Equal([("context", 12), ("padding", 13), ("scored", 23)], tokens.OrderBy(kind => kind.Key).Select(kind => (kind.Key, kind.Value)));
        Assert.Equal(1, runs);
    }
}
