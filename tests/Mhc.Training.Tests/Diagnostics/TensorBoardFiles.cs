using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json.Nodes;
using Mhc.Testing;
using Tensorboard;

namespace Mhc.Training.Tests;

/// <summary>What TensorBoard asks of an event file: records of length, masked CRC-32C, an Event message, masked CRC-32C.</summary>
public class TensorBoardFiles
{
    private static readonly TrainingUpdate Evaluated = new(10, 20, 2.5, 1e-3, 0.7, 1000, 2.75, TimeSpan.Zero);

    [Fact]
    public void AreReadBackWithTheirChecksums()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        var log = new TensorBoardLog(folder.Path);
        log.Write(Evaluated with { Step = 0, Loss = double.NaN }, 1, null);
        JsonNode diagnostics = JsonNode.Parse("""{ "matrices": { "lambda2": [1, 0.5] }, "streams": { "rms": [[1, 3], [2, 2]] } }""")!;
        log.Write(Evaluated, 0.5, (JsonObject)diagnostics);

        Event[] events = Read(Assert.Single(Directory.GetFiles(folder["tensorboard"])));

        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.Equal(
            [
                (0, "lr", 1e-3f), (0, "val_loss", 2.75f), (10, "loss", 2.5f), (10, "grad_norm", 0.7f), (10, "clip_ratio", 0.5f),
                (10, "tokens_per_s", 1000), (10, "lr", 1e-3f), (10, "val_loss", 2.75f), (10, "matrices/lambda2/mean", 0.75f),
                (10, "streams/rms/mean", 2),
            ],
            events[1..].Where(e => e.Summary.Value[0].ValueCase == Summary.Types.Value.ValueOneofCase.SimpleValue)
                .Select(e => (e.Step, e.Summary.Value[0].Tag, e.Summary.Value[0].SimpleValue)));
        Assert.Equal([("matrices/lambda2", 2.0, 0.5, 1.0), ("streams/rms", 4.0, 1.0, 3.0)],
            events[1..].Select(e => e.Summary.Value[0]).Where(value => value.Histo is not null)
                .Select(value => (value.Tag, value.Histo.Num, value.Histo.Min, value.Histo.Max)));
    }

    [Fact]
    public void AreWrittenByARunThatAsksForThem()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        var config = new MhcConfig { VocabSize = 256, BlockSize = 16, NLayer = 1, NHead = 2, NEmbd = 16, Streams = 2 };
        TextDataset data = TextDataset.FromText(string.Concat(Enumerable.Range(0, 60).Select(i => $"line {i} of a text\n")));
        var options = new TrainingOptions
        {
            BatchSize = 2,
            MaxIters = 2,
            LogInterval = 1,
            EvalIters = 1,
            Device = "cpu",
            TensorBoard = true,
        };

        Trainer.Train(config, options, data, folder["run"]);

        Event[] events = Read(Assert.Single(Directory.GetFiles(folder["run/tensorboard"])));
        Assert.Equal([0L, 1, 2, 2], events[1..].Where(e => e.Summary.Value[0].Tag == "lr").Select(e => e.Step));
    }

    [Fact]
    public void AreContinuedInANewOne()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        new TensorBoardLog(folder.Path).Write(Evaluated, 1, null);
        new TensorBoardLog(folder.Path).Write(Evaluated with { Step = 11 }, 1, null);

        string[] files = [.. Directory.GetFiles(folder["tensorboard"]).Order(StringComparer.Ordinal)];

        Assert.Equal([10, 11], files.Select(file => Read(file)[1].Step));
        Assert.All(files, file => Assert.Contains(".tfevents.", file, StringComparison.Ordinal));
    }

    private static Event[] Read(string path)
    {
        var events = new List<Event>();
        for (ReadOnlySpan<byte> rest = File.ReadAllBytes(path); rest.Length > 0;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest);
            Assert.Equal(MaskedCrc(rest[..8]), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            Assert.Equal(MaskedCrc(rest.Slice(12, length)), BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]));
            events.Add(Event.Parser.ParseFrom(rest.Slice(12, length).ToArray()));
            rest = rest[(16 + length)..];
        }
        return [.. events];
    }

    // TFRecord's: rotated and offset, so that the checksum of data that holds checksums stays useful.
    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }
}
