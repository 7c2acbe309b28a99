using System.Text.RegularExpressions;
using CsCheck;
using Mhc.Testing;

namespace Mhc.Training.Tests;

public class ResumedRun
{
    private static readonly MhcConfig Tiny =
        new() { VocabSize = 256, BlockSize = 8, NLayer = 1, NHead = 2, NEmbd = 8, Streams = 2, HResIters = 1, Dropout = 0.1 };
    private static readonly TrainingOptions Short = new()
    {
        BatchSize = 2,
        GradAccum = 2,
        MaxIters = 6,
        EvalInterval = 2,
        EvalIters = 1,
        LogInterval = 1,
        LearningRate = 1e-2,
        WarmupIters = 2,
        KeepCheckpoints = 1,
        Device = "cpu",
    };
    private static readonly TextDataset Data = TextDataset.FromText(string.Concat(Enumerable.Range(0, 40).Select(i => $"line {i}\n")));

    [Fact]
    public void IsTheRunThatNeverStopped()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Trainer.Train(Tiny, Short, Data, folder["whole"]);

        Gen.Int[0, Short.MaxIters].Array[1, 3].Sample(stops =>
        {
            using TemporaryFolder stopped = Fixtures.Temporary();
            StopAt(stopped["run"], stops[0], resume: false);
            foreach (int stop in stops.Skip(1))
                StopAt(stopped["run"], stop, resume: true);
            TrainingResult result = Trainer.Resume(Tiny, Short, Data, stopped["run"]);

            Assert.Equal((TrainingEnd.MaxIters, Short.MaxIters), (result.End, result.Step));
            AssertSameRun(folder["whole"], stopped["run"]);
        }, iter: 10, threads: 1);
    }

    /// <summary>
    /// What a kill between any two steps of saving would leave is copied while the run goes on, and each copy is resumed.
    /// </summary>
    [Fact]
    public void IsTheRunThatWasNeverKilled()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        var kills = new List<string>();
        void Copy()
        {
            kills.Add(folder[$"kill-{kills.Count}"]);
            CopyFolder(folder["run"], kills[^1]);
        }
        TrainingOptions options = Short with { MaxIters = 4 };
        AtomicWrite.AfterStep = Copy;
        try
        {
            Trainer.Train(Tiny, options, Data, folder["run"], _ => Copy());
        }
        finally
        {
            AtomicWrite.AfterStep = null;
        }

        // Before run.json is there, there is nothing to lose.
        Assert.Equal(3, kills.TakeWhile(kill => !File.Exists(RunFile.PathIn(kill))).Count());
        string[] withoutLast = [.. kills.Where(kill => !Directory.Exists(Path.Combine(kill, "last")))];
        Assert.Contains(withoutLast, kill => Directory.Exists(Path.Combine(kill, "best")));
        Assert.Contains(withoutLast, kill => Directory.GetDirectories(kill, "last.*.old").Length == 1);
        Assert.All(kills.Skip(3), kill =>
        {
            Trainer.Resume(Tiny, options, Data, kill);
            AssertSameRun(folder["run"], kill);
        });
    }

    [Fact]
    public void TellsFirstWhereItStands()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        StopAt(folder["run"], 3, resume: false);
        var updates = new List<TrainingUpdate>();

        Trainer.Resume(Tiny, Short, Data, folder["run"], updates.Add);

        Assert.Equal([3, 4, 4, 5, 6, 6], updates.Select(update => update.Step));
        Assert.Equal([false, false, true, false, false, true], updates.Select(update => update.ValLoss is not null));
    }

    [Fact]
    public void WritesNoStepTwiceAndMendsALineThatIsThereInPart()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Trainer.Train(Tiny, Short, Data, folder["whole"]);
        StopAt(folder["run"], 3, resume: false);
        File.AppendAllText(folder["run/metrics.jsonl"], """{"step":4,"loss":1}""" + "\n" + """{"step":5,"lo""");

        Trainer.Resume(Tiny, Short, Data, folder["run"]);

        AssertSameRun(folder["whole"], folder["run"]);
    }

    [Fact]
    public void MayBeGivenMoreUpdatesAndKeepsItsSchedule()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Trainer.Train(Tiny, Short with { MaxIters = 9, LrDecayIters = 6 }, Data, folder["whole"]);
        Trainer.Train(Tiny, Short, Data, folder["run"]);
        RunSettings settings = RunSettings.OfRun(folder["run"], settings: ["max_iters=9"]);

        Trainer.Resume(settings.Model, settings.Training, Data, folder["run"]);

        AssertSameRun(folder["whole"], folder["run"]);
    }

    [Fact]
    public void OfOtherSettingsIsRefusedWithEachOfThem()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        StopAt(folder["run"], 1, resume: false);
        byte[] before = File.ReadAllBytes(folder["run/run.json"]);
        string Refused(MhcConfig config, TrainingOptions options, TextDataset data) =>
            Assert.Throws<InvalidDataException>(() => Trainer.Resume(config, options, data, folder["run"])).Message
                .Replace(folder["run/run.json"], "run.json", StringComparison.Ordinal);

        Assert.Equal(string.Join(Environment.NewLine,
            "run.json: `n_layer` is 1 in this run, but 2 was given. A resumed run keeps it: leave it out, or start a new run.",
            "run.json: `streams` is 2 in this run, but not set was given. A resumed run keeps it: leave it out, or start a new run.",
            "run.json: `learning_rate` is 0.01 in this run, but 0.02 was given. A resumed run keeps it: leave it out, or start a new run."),
            string.Join(Environment.NewLine, Refused(Tiny with { NLayer = 2, Residual = ResidualMode.None },
                Short with { LearningRate = 0.02, EvalInterval = 3, LogInterval = 2, KeepCheckpoints = 0, Patience = 5 }, Data)
                .Split(Environment.NewLine).Where(line => !line.Contains("`h_") && !line.Contains("`init`") && !line.Contains("reduce`")
                    && !line.Contains("`residual`"))));
        TextDataset other = TextDataset.FromText(string.Concat(Enumerable.Repeat("another text\n", 40)));
        Assert.Equal($"run.json: the run learns from a text with the SHA-256 \"{Data.Sha256}\", but that of the text given is "
            + $"\"{other.Sha256}\". Give the same text, or start a new run, with --init-from to keep the weights.",
            Refused(Tiny, Short, other).Split(Environment.NewLine)[^1]);
        Assert.Equal($"`max_iters` is 0, but {folder["run/last"]} is of update 1. Give at least as many.",
            Refused(Tiny, Short with { MaxIters = 0, LrDecayIters = 6 }, Data));
        Assert.Equal(before, File.ReadAllBytes(folder["run/run.json"]));
    }

    [Fact]
    public void KeepsItsTokenizer()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        StopAt(folder["run"], 1, resume: false);
        File.WriteAllText(folder["run/tokenizer.json"],
            File.ReadAllText(folder["run/tokenizer.json"]).Replace("10", "11", StringComparison.Ordinal));

        Assert.Equal($"{folder["run/tokenizer.json"]}: another tokenizer than the one given. A resumed run keeps its tokenizer.",
            Assert.Throws<InvalidDataException>(() => Trainer.Resume(Tiny, Short, Data, folder["run"])).Message);
    }

    [Fact]
    public void NeedsARun()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        string message = $"{folder["run.json"]}: no such file, so there is no run to resume. "
            + $"Expected the folder of a run that `mhc train` started; to start one in {folder.Path}, leave --resume out.";

        Assert.Equal(message, Assert.Throws<FileNotFoundException>(() => Trainer.Resume(Tiny, Short, Data, folder.Path)).Message);
        Assert.Equal(message, Assert.Throws<FileNotFoundException>(() => RunSettings.OfRun(folder.Path)).Message);
    }

    [Theory]
    [InlineData("trainer_state.json"), InlineData("optimizer.safetensors")]
    public void NeedsAllOfItsState(string file)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        StopAt(folder["run"], 1, resume: false);
        File.Delete(folder[$"run/last/{file}"]);

        Assert.Equal($"{folder[$"run/last/{file}"]}: no such file, so the run cannot be resumed from this checkpoint. "
            + $"Start a new run from its weights with --init-from {folder["run/last"]}.",
            Assert.Throws<FileNotFoundException>(() => Trainer.Resume(Tiny, Short, Data, folder["run"])).Message);
    }

    [Theory]
    [InlineData("run/last/trainer_state.json", "not valid JSON at line 3, byte 11. Expected one JSON object.")]
    [InlineData("run/last/optimizer.safetensors", "header length is N, but 18 bytes follow it. "
        + "The file is damaged or no safetensors file: write it again or fetch it anew.")]
    [InlineData("run/run.json", "not valid JSON at line 3, byte 11. Expected one JSON object.")]
    public void OfDamagedFilesNamesTheFile(string file, string problem)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        StopAt(folder["run"], 1, resume: false);
        using (FileStream stream = File.OpenWrite(folder[file]))
            stream.SetLength(file.EndsWith(".json", StringComparison.Ordinal) ? 35 : 26);
        byte[] metrics = File.ReadAllBytes(folder["run/metrics.jsonl"]);

        string message = Assert.Throws<InvalidDataException>(() => Trainer.Resume(Tiny, Short, Data, folder["run"])).Message;
        Assert.Equal($"{folder[file]}: {problem}", Regex.Replace(message, "header length is [0-9]+", "header length is N"));
        Assert.Equal(metrics, File.ReadAllBytes(folder["run/metrics.jsonl"]));
    }

    [Fact]
    public void IsHeldByOneProcessAtATime()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        string? message = null;

        Trainer.Train(Tiny, Short with { MaxIters = 0 }, Data, folder["run"], _ =>
            message = Assert.Throws<IOException>(() => Trainer.Resume(Tiny, Short with { MaxIters = 0 }, Data, folder["run"])).Message);

        Assert.Equal($"{folder["run"]}: no run can be written there: another process is training in it.", message);
    }

    private static void StopAt(string folder, int step, bool resume)
    {
        using var stop = new CancellationTokenSource();
        void Watch(TrainingUpdate update)
        {
            if (update.Step >= step)
                stop.Cancel();
        }
        if (resume)
            Trainer.Resume(Tiny, Short, Data, folder, Watch, cancellationToken: stop.Token);
        else
            Trainer.Train(Tiny, Short, Data, folder, Watch, cancellationToken: stop.Token);
    }

    private static void AssertSameRun(string expected, string actual)
    {
        Assert.Equal(Files(expected), Files(actual));
        foreach (string file in Files(expected).Where(file => file.Contains(Path.DirectorySeparatorChar)))
            Assert.True(File.ReadAllBytes(Path.Combine(expected, file)).SequenceEqual(File.ReadAllBytes(Path.Combine(actual, file))), file);
        Assert.Equal(Metrics(expected), Metrics(actual));

        static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal);
    }

    // The speed is the machine's; every other number must be the same to its last digit.
    private static IEnumerable<string> Metrics(string folder) => File.ReadLines(Path.Combine(folder, "metrics.jsonl"))
        .Select(line => Regex.Replace(line, "\"tokens_per_s\":[^,]*,", ""));

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) != "run.lock") // It cannot be read while it is held; a resumed run takes no notice of it.
                File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }
}
