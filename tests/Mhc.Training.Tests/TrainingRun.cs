using System.Text.Json;
using System.Text.RegularExpressions;
using Mhc.Testing;
using TorchSharp;

namespace Mhc.Training.Tests;

public class TrainingRun
{
    private static readonly MhcConfig Tiny = new() { VocabSize = 256, BlockSize = 16, NLayer = 1, NHead = 2, NEmbd = 16, Streams = 2 };
    private static readonly TrainingOptions Short = new()
    {
        BatchSize = 4,
        MaxIters = 20,
        EvalInterval = 10,
        EvalIters = 2,
        LogInterval = 5,
        LearningRate = 1e-2,
        WarmupIters = 2,
        Device = "cpu",
    };
    private static readonly TextDataset Data =
        TextDataset.FromText(string.Concat(Enumerable.Range(0, 60).Select(i => $"line {i} of a text that repeats itself\n")));

    [Fact]
    public void LeavesCheckpointsMetricsAndAModelThatHasLearnt()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        var updates = new List<TrainingUpdate>();

        TrainingResult result = Trainer.Train(Tiny, Short, Data, folder["run"], updates.Add);

        Assert.True(result.LastValLoss < updates[0].ValLoss - 1, "The loss fell by less than a nat.");
        Assert.Equal(["best", "last", "metrics.jsonl", "run.json", "tokenizer.json"],
            Directory.EnumerateFileSystemEntries(folder["run"]).Select(entry => Path.GetFileName(entry)).Order());
        JsonElement[] lines = [.. File.ReadLines(folder["run/metrics.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([0, 5, 10, 10, 15, 20, 20], lines.Select(line => line.GetProperty("step").GetInt32()));
        Assert.Equal(3, lines.Count(line => line.TryGetProperty("val_loss", out _)));
        CheckpointMetrics metrics = Checkpoint.LoadMetrics(result.LastFolder);
        Assert.Equal((20, Data.Sha256, result.LastValLoss), (metrics.Step, metrics.DataSha256, metrics.ValLoss));
        Assert.InRange(metrics.Validation!.P50, 0.01, metrics.Validation.P999);
        Assert.Equal(metrics.Validation, metrics.BitsPerByteQuantiles!.Summary());
    }

    [Fact]
    public void TellsQuantilesBetweenTextsToo()
    {
        BitsPerByteQuantiles quantiles = BitsPerByteQuantiles.Of("line", [3, 1, 2, 4, 5]);

        Assert.Equal(("line", 5, 0.0, 100.0), (quantiles.Unit, quantiles.Count, quantiles.Levels[0], quantiles.Levels[^1]));
        Assert.Equal([1, 1.4, 3, 4.6, 5], ((double[])[0, 10, 50, 90, 100]).Select(
            level => quantiles.Values[Array.IndexOf(quantiles.Levels, level)]), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(quantiles.Values.Order(), quantiles.Values);
        Assert.Equal([7, 7], BitsPerByteQuantiles.Of("line", [7]).Values.Take(2));
    }

    [Fact]
    public void GivesTheSameWeightsForTheSameSeedAndOthersForAnother()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        TrainingOptions options = Short with { MaxIters = 5, EvalInterval = 5 };
        MhcConfig withDropout = Tiny with { Dropout = 0.1 };

        byte[] Weights(string name, int seed) =>
            File.ReadAllBytes(Checkpoint.WeightsFile(
                Trainer.Train(withDropout, options with { Seed = seed }, Data, folder[name]).LastFolder));

        byte[] first = Weights("a", 1);
        Assert.Equal(first, Weights("b", 1));
        Assert.NotEqual(first, Weights("c", 2));
    }

    [Fact]
    public void OfNoUpdatesWritesTheInitialisedModel()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        TrainingResult result = Trainer.Train(Tiny, Short with { MaxIters = 0 }, Data, folder["run"]);

        using MhcModel model = MhcModel.Load(result.BestFolder);
        using var fresh = new MhcModel(Tiny, Short.Seed, torch.CPU);
        Assert.Equal(fresh.Parameters.Values.ToDoubles(), model.Parameters.Values.ToDoubles());
    }

    [Fact]
    public void CutIntoMicroBatchesIsTheRunOfTheWholeBatch()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        List<TrainingUpdate> Updates(string name, TrainingOptions options)
        {
            var updates = new List<TrainingUpdate>();
            Trainer.Train(Tiny, options with { MaxIters = 6, EvalInterval = 6 }, Data, folder[name], updates.Add);
            return updates;
        }

        List<TrainingUpdate> whole = Updates("whole", Short with { BatchSize = 8 }),
            cut = Updates("cut", Short with { BatchSize = 2, GradAccum = 4 });

        TensorAssert.Close("gradient norms", [.. whole.Skip(1).Select(update => update.GradNorm)],
            [.. cut.Skip(1).Select(update => update.GradNorm)], 1e-4);
        TensorAssert.Close("losses", [.. whole.Skip(1).Select(update => update.Loss)],
            [.. cut.Skip(1).Select(update => update.Loss)], 1e-5);
    }

    [Fact]
    public void ChecksWhatItIsGiven()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        Assert.Equal($"`streams` is 0, expected at least 1.{Environment.NewLine}`n_head` is 3 but `n_embd` 16 is not divisible by it.",
            Assert.Throws<ArgumentException>(
                () => Trainer.Train(Tiny with { Streams = 0, NHead = 3 }, Short, Data, folder["run"])).Message);
        Assert.Equal($"`max_iters` is -1, expected at least 0.{Environment.NewLine}`beta1` is 1, expected a number from 0 to below 1.",
            Assert.Throws<ArgumentException>(
                () => Trainer.Train(Tiny, Short with { MaxIters = -1, Beta1 = 1 }, Data, folder["run"])).Message);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void OfAThousandUpdatesKeepsItsTensorsAndItsMemory()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        var tensors = new List<long>();
        var megabytes = new List<double>();

        Trainer.Train(Tiny with { HResIters = 1 }, Short with { MaxIters = 1000, EvalInterval = 100 }, Data, folder["run"], update =>
        {
            if (update.Step % 100 != 0 || update.ValLoss is null)
                return;
            tensors.Add(torch.Tensor.TotalCount);
            GC.Collect(); // The managed heap would grow to its budget first.
            megabytes.Add(Environment.WorkingSet / 1e6);
        });

        Assert.All(tensors.Skip(2), count => Assert.Equal(tensors[1], count)); // The first evaluation is before the first update.
        // The runtime's own heaps grow in steps of some megabytes; a graph that an update left behind would be a hundred in all.
        Assert.True(megabytes[^1] < megabytes[1] + 24, $"Megabytes after each hundred updates: {string.Join(' ', megabytes)}");
    }

    [Fact]
    public void KeepsTheCheckpointsOfTheLatestEvaluationsWhereAsked()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        Trainer.Train(Tiny, Short with { EvalInterval = 5, KeepCheckpoints = 2 }, Data, folder["run"]);

        Assert.Equal(["best", "last", "step-000015", "step-000020"],
            Directory.EnumerateDirectories(folder["run"]).Select(entry => Path.GetFileName(entry)).Order());
        Assert.Equal(15, Checkpoint.LoadMetrics(folder["run/step-000015"]).Step);
        MhcModel.Load(folder["run/step-000015"]).Dispose();
    }

    [Fact]
    public void EndsWhenItsPatienceDoes()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        TrainingOptions stuck = Short with { LearningRate = 1e-30, MinLr = 0, EvalInterval = 2, Patience = 3 };

        TrainingResult result = Trainer.Train(Tiny, stuck, Data, folder["run"]);
        Assert.Equal((TrainingEnd.Patience, 6, 0), (result.End, result.Step, Checkpoint.LoadMetrics(result.BestFolder).Step));
        Assert.NotNull(result.Validation);

        Assert.Equal((TrainingEnd.Patience, 6), Ended(Trainer.Resume(Tiny, stuck, Data, folder["run"])));
        Assert.Equal((TrainingEnd.Patience, 8), Ended(Trainer.Resume(Tiny, stuck with { Patience = 4 }, Data, folder["run"])));
        Assert.Equal((TrainingEnd.MaxIters, 20), Ended(Trainer.Resume(Tiny, stuck with { Patience = 0 }, Data, folder["run"])));

        static (TrainingEnd, int) Ended(TrainingResult result) => (result.End, result.Step);
    }

    [Fact]
    public void WarnsOnceOfAnHResThatCannotLearn()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        var warnings = new List<string>();

        Trainer.Train(Tiny with { Init = Initialization.Parity, HResTau = 0.05, HResIters = 10 }, Short with { MaxIters = 1 }, Data,
            folder["run"], onWarning: warnings.Add);

        Assert.Equal(["H_res cannot learn in any of the sublayers (transformer.h.0.hc_attn, transformer.h.0.hc_mlp): "
            + "with `h_res_tau` 0.05 and `init` \"parity\" the gradient of its projection is exactly zero, so it stays what it is now. "
            + "Use init=live with h_res_tau=1 for an H_res that learns, or h_res=identity for the same model at less cost."], warnings);
    }

    [Fact]
    public void ThatDivergesStopsAndSaysWhere()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        TrainingOptions wild = Short with { MaxIters = 50, LearningRate = 1e30, MinLr = 1e30, GradClip = 0, WarmupIters = 0 };

        string Stopped(string name, int evalInterval) => Assert.Throws<ArithmeticException>(
            () => Trainer.Train(Tiny, wild with { EvalInterval = evalInterval }, Data, folder[name])).Message;

        string end = "so the run stops. The last good checkpoint is {0}, of update 0. "
            + "Try a lower learning_rate or a longer warmup_iters in a new run.";
        Assert.Equal("Update 2: the loss is NaN and the gradient's norm NaN at learning rate 1e+30, "
            + string.Format(end, folder["update/last"]), Stopped("update", 10));
        Assert.Matches(@"^Update 1: the validation loss is NaN and the gradient's norm \S+ at learning rate 1e\+30, "
            + Regex.Escape(string.Format(end, folder["evaluation/last"])) + "$", Stopped("evaluation", 1));
        MhcModel.Load(folder["update/last"]).Dispose();
    }

    [Fact]
    public void DoesNotStartInAFolderThatHoldsSomething()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["metrics.jsonl"], "an earlier run");

        Assert.Equal($"{folder.Path}: is there already and not empty, so no run is started in it. "
            + "Choose another folder or remove this one.",
            Assert.Throws<IOException>(() => Trainer.Train(Tiny, Short, Data, folder.Path)).Message);
    }

    [Fact]
    public void DoesNotStartInTheFolderOfAnother()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Trainer.Train(Tiny, Short with { MaxIters = 0 }, Data, folder["run"]);

        Assert.Equal($"{folder["run"]}: holds a run already. Continue it with --resume, choose another folder, or remove this one.",
            Assert.Throws<IOException>(() => Trainer.Train(Tiny, Short, Data, folder["run"])).Message);
    }

    [Fact]
    public void DoesNotStartWhereItCannotWrite()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["file"], "");

        Assert.Equal($"{folder["file/run"]}: no run can be written there: Could not find a part of the path '{folder["file/run"]}'.",
            Assert.Throws<IOException>(() => Trainer.Train(Tiny, Short, Data, folder["file/run"])).Message);
    }

    [Fact]
    public void ThatCannotSaveNamesTheLastGoodCheckpoint()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        byte[]? before = null;

        string message = Assert.Throws<IOException>(() => Trainer.Train(Tiny, Short, Data, folder["run"], update =>
        {
            if (update.Step != 1)
                return;
            before = File.ReadAllBytes(folder["run/last/model.safetensors"]);
            Directory.Delete(folder["run/best"], recursive: true);
            File.WriteAllText(folder["run/best"], "in the way");
        })).Message;

        Assert.Equal($"Update 10 could not be saved ({folder["run/best"]}: exists and is no checkpoint folder, so it is not replaced. "
            + $"Choose another place or remove it), so the run stops. The last good checkpoint is {folder["run/last"]}, of update 0. "
            + "Mend the cause, such as a full disk, and resume the run.", message);
        Assert.Equal(before, File.ReadAllBytes(folder["run/last/model.safetensors"]));
    }

    [Fact]
    public void NeedsTextForOneWindow()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        Assert.Equal("text: the training part has 5 tokens, expected more than `block_size` 16. "
            + "Give more text, or set block_size lower or val_fraction differently.",
            Assert.Throws<InvalidDataException>(
                () => Trainer.Train(Tiny, Short, TextDataset.FromText("ab\nc\nd\n", valFraction: 0.3), folder["run"])).Message);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Theory]
    [InlineData("gpu", "`device` is \"gpu\", expected cpu, cuda, cuda:N or auto.")]
    [InlineData("cuda:x", "`device` is \"cuda:x\", expected cpu, cuda, cuda:N or auto.")]
    public void NeedsADeviceThatThereIs(string device, string message) =>
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => ComputeDevice.Parse(device, TrainingDtype.Float32)).Message);

    [Fact]
    public void OnAbsentCudaSaysHowToGetIt()
    {
        Assert.SkipWhen(torch.cuda.is_available(), "There is a CUDA device.");
        Assert.Equal("`device` is \"cuda:1\", but libtorch finds no CUDA device. "
            + "Build with -p:MhcAccelerator=cuda on a machine with an NVIDIA driver, or use device cpu or auto.",
            Assert.Throws<InvalidDataException>(() => ComputeDevice.Parse("cuda:1", TrainingDtype.Float32)).Message);
    }
}
