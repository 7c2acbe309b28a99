using Mhc.Testing;

namespace Mhc.Training.Tests;

public class FineTuning
{
    private static readonly TrainingOptions Short = new() { BatchSize = 2, MaxIters = 2, EvalInterval = 1, EvalIters = 1, Device = "cpu" };

    [Fact]
    public void StartsFromTheWeightsAndTheTokenizerOfTheCheckpoint()
    {
        using TemporaryFolder folder = WithCheckpoint();
        RunSettings settings = Settings(folder, "max_iters=0");
        TextDataset text = TextDataset.FromFiles(folder["new.txt"], valFraction: 0.3, tokenizer: settings.Tokenizer);

        TrainingResult result = Trainer.Train(settings.ModelFor(text.Tokenizer), settings.Training, text, folder["tuned"]);

        Assert.Equal(File.ReadAllBytes(folder["run/best/model.safetensors"]),
            File.ReadAllBytes(Checkpoint.WeightsFile(result.LastFolder)));
        foreach (string file in new[] { "config.json", "tokenizer.json" })
            Assert.Equal(File.ReadAllText(folder[$"run/best/{file}"]), File.ReadAllText(folder[$"tuned/best/{file}"]));
        Assert.Equal(2e-3, settings.Training.LearningRate); // The preset's: only the architecture is the checkpoint's.
    }

    [Fact]
    public void CountsAndWarnsOfCharactersThatTheTokenizerLacks()
    {
        using TemporaryFolder folder = WithCheckpoint();
        RunSettings settings = Settings(folder, "max_iters=1");
        TextDataset text = TextDataset.FromFiles(folder["new.txt"], valFraction: 0.3, tokenizer: settings.Tokenizer);
        var warnings = new List<string>();

        Trainer.Train(settings.ModelFor(text.Tokenizer), settings.Training, text, folder["tuned"], onWarning: warnings.Add);

        Assert.Equal([$"{folder["new.txt"]}: 40 characters are not in the tokenizer's vocabulary and are left out. "
            + "A model with the byte tokenizer can learn every text."], warnings);
        int[] ids = new int[text.Train.Length];
        text.Train.ReadWindow(0, ids);
        Assert.DoesNotContain('é', text.Tokenizer.Decode(ids));
    }

    [Fact]
    public void IsResumedWithoutTheCheckpoint()
    {
        using TemporaryFolder folder = WithCheckpoint();
        RunSettings settings = Settings(folder, "max_iters=2");
        TextDataset Text(RunSettings s) => TextDataset.FromFiles(folder["new.txt"], valFraction: 0.3, tokenizer: s.Tokenizer);
        Trainer.Train(settings.ModelFor(Text(settings).Tokenizer), settings.Training, Text(settings), folder["tuned"],
            cancellationToken: new CancellationToken(canceled: true));
        Directory.Delete(folder["run"], recursive: true);

        RunSettings resumed = RunSettings.OfRun(folder["tuned"], settings: [$"init_from={folder["run/best"]}"]);
        TrainingResult result = Trainer.Resume(resumed.ModelFor(Text(resumed).Tokenizer), resumed.Training, Text(resumed), folder["tuned"]);

        Assert.Equal((2, folder["new.txt"]), (result.Step, resumed.Data));
    }

    [Fact]
    public void KeepsTheArchitectureOfTheCheckpoint()
    {
        using TemporaryFolder folder = WithCheckpoint();
        string remedy = $"in {folder["run/best/config.json"]}, which the run starts from. "
            + "Leave it out: the architecture is the checkpoint's.";

        Assert.Equal(string.Join(Environment.NewLine,
            $"`block_size` is 16, but 8 {remedy}", $"`h_post` is \"sigmoid\", but \"softmax\" {remedy}"),
            Assert.Throws<InvalidDataException>(() => Settings(folder, "block_size=16", "h_post=sigmoid", "h_pre=softmax")).Message);
        MhcConfig config = MhcConfig.Read(folder["run/best/config.json"]) with { HPost = StreamMap.Sigmoid };
        TextDataset text = TextDataset.FromFiles(folder["new.txt"], valFraction: 0.3, tokenizer: Settings(folder).Tokenizer);
        Assert.Equal($"`h_post` is \"sigmoid\", but \"softmax\" {remedy}", Assert.Throws<InvalidDataException>(() =>
            Trainer.Train(config, Short with { InitFrom = folder["run/best"] }, text, folder["tuned"])).Message);
        Assert.False(Directory.Exists(folder["tuned"]));
    }

    [Fact]
    public void KeepsTheTokenizerOfTheCheckpoint()
    {
        using TemporaryFolder folder = WithCheckpoint();

        Assert.Equal($"settings: `tokenizer` is \"byte\", but \"char\" in {folder["run/best"]}, which the run starts from. Leave it out.",
            Assert.Throws<InvalidDataException>(() => Settings(folder, "tokenizer=byte")).Message);
        MhcConfig config = MhcConfig.Read(folder["run/best/config.json"]);
        Assert.Equal($"{folder["run/best/tokenizer.json"]}: another tokenizer than the text's. "
            + "Read the text with the tokenizer of the checkpoint that the run starts from.",
            Assert.Throws<InvalidDataException>(() => Trainer.Train(config, Short with { InitFrom = folder["run/best"] },
                TextDataset.FromFiles(folder["new.txt"]), folder["tuned"])).Message);
        Assert.False(Directory.Exists(folder["tuned"]));
    }

    [Fact]
    public void NeedsATokenizer()
    {
        using TemporaryFolder folder = WithCheckpoint();
        File.Delete(folder["run/best/tokenizer.json"]);

        Assert.Equal($"{folder["run/best/tokenizer.json"]}: no such file, so text cannot be turned into the checkpoint's token ids. "
            + "An imported checkpoint needs one, as docs/checkpoint-format.md describes it.",
            Assert.Throws<FileNotFoundException>(() => Settings(folder)).Message);
    }

    [Fact]
    public void NeedsACheckpoint()
    {
        using TemporaryFolder folder = Fixtures.Temporary();

        Assert.Equal($"{folder["run/best/tokenizer.json"]}: no such file. "
            + "Expected a checkpoint folder, such as RUN/best, that holds config.json and model.safetensors.",
            Assert.Throws<FileNotFoundException>(() => Settings(folder)).Message);
    }

    private static RunSettings Settings(TemporaryFolder folder, params string[] settings) =>
        RunSettings.Resolve("smoke", settings: [$"init_from={folder["run/best"]}", "device=cpu", .. settings]);

    private static TemporaryFolder WithCheckpoint()
    {
        TemporaryFolder folder = Fixtures.Temporary();
        TextDataset data = TextDataset.FromText(string.Concat(Enumerable.Repeat("abcdefgh ijk\n", 10)), TokenizerKind.Char, 0.3);
        var config = new MhcConfig { VocabSize = data.Tokenizer.VocabSize, BlockSize = 8, NLayer = 1, NHead = 1, NEmbd = 4, Streams = 3 };
        Trainer.Train(config, Short, data, folder["run"]);
        File.WriteAllText(folder["new.txt"], string.Concat(Enumerable.Repeat("hé abc 😀\n", 20)));
        return folder;
    }
}
