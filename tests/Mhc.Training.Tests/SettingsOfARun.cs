using System.Text.Json;
using Mhc.Testing;

namespace Mhc.Training.Tests;

public class SettingsOfARun
{
    [Fact]
    public void LaterSourcesReplaceEarlierOnes()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["more.json"], """{ "n_layer": 5, "learning_rate": 1e-4 }""");

        RunSettings settings = RunSettings.Resolve("smoke", folder["more.json"], ["n_layer=6", "h_pre=sigmoid"]);

        Assert.Equal(6, settings.Model.NLayer);
        Assert.Equal(1e-4, settings.Training.LearningRate);
        Assert.Equal(StreamMap.Sigmoid, settings.Model.HPre);
        Assert.Equal(64, settings.Model.NEmbd);
    }

    [Fact]
    public void KeysOfThePresetThatTheModeDoesNotUseAreDropped() =>
        Assert.Equal(ResidualMode.None, RunSettings.Resolve("smoke", settings: ["residual=none"]).Model.Residual);

    [Fact]
    public void KeysOfTheUserThatTheModeDoesNotUseAreRefused() =>
        AssertRefused(["residual=none", "streams=2"], "settings: `streams` is not used with `residual` \"none\": remove it.");

    [Fact]
    public void UnknownKeysAreRefusedWithTheNearestOne() =>
        AssertRefused(["learning_rat=1"], "settings: `learning_rat` is not a known key; did you mean `learning_rate`?");

    [Theory]
    [InlineData("vocab_size=0", "settings: `vocab_size` is 0, expected at least 1.")]
    [InlineData("lr_decay_iters=-1", "settings: `lr_decay_iters` is -1, expected at least 1.")]
    public void ValuesOutOfRangeAreRefused(string setting, string message) => AssertRefused([setting], message);

    [Fact]
    public void SettingsNeedAKeyAndAValue() => AssertRefused(["n_layer"], "Setting `n_layer`: expected key=value, for example n_layer=4.");

    [Fact]
    public void UnknownPresetsAreRefusedWithTheList() =>
        Assert.Equal($"There is no preset `smok`. Expected one of: {string.Join(", ", RunSettings.Presets.Select(preset => preset.Name))}.",
            Assert.Throws<InvalidDataException>(() => RunSettings.Resolve("smok")).Message);

    [Fact]
    public void AbsentFilesAreNamed() =>
        Assert.Equal("no.json: no such file. Expected a JSON file of settings.",
            Assert.Throws<FileNotFoundException>(() => RunSettings.Resolve("smoke", "no.json")).Message);

    [Fact]
    public void TheVocabularyIsTheTokenizersUnlessItIsGiven()
    {
        Assert.Equal(256, RunSettings.Resolve("smoke").ModelFor(TextTokenizer.Byte()).VocabSize);
        Assert.Equal(300, RunSettings.Resolve("smoke", settings: ["vocab_size=300"]).ModelFor(TextTokenizer.Byte()).VocabSize);
        Assert.Equal("settings: `vocab_size` is 100, but the tokenizer has 256 ids. Leave it out to take the tokenizer's.",
            Assert.Throws<InvalidDataException>(
                () => RunSettings.Resolve("smoke", settings: ["vocab_size=100"]).ModelFor(TextTokenizer.Byte())).Message);
    }

    /// <summary>What is read and never written would be lost when a run is resumed.</summary>
    [Fact]
    public void EverySettingIsWrittenIntoTheRunsFile()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        TextDataset text = TextDataset.FromText("some text\n");
        RunSettings settings = RunSettings.Resolve("smoke", settings: ["seed=7", "patience=3", "beta1=0.8", "h_logits_lr=0.01"]);
        RunFile.Write(folder.Path, RunFile.Text(settings.ModelFor(text.Tokenizer), settings.Training with { InitFrom = "/c" }, text));
        File.WriteAllText(folder["tokenizer.json"], text.Tokenizer.ToJson());

        RunSettings read = RunSettings.OfRun(folder.Path);

        Assert.Equal(settings.ModelFor(text.Tokenizer), read.Model);
        Assert.Equal(settings.Training with { InitFrom = "/c", LrDecayIters = settings.Training.MaxIters }, read.Training);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(folder["run.json"]));
        Assert.Empty(TrainingOptions.Keys.Except(json.RootElement.EnumerateObject().Select(member => member.Name)));
    }

    [Fact]
    public void DefaultsAreAsDocumented()
    {
        Assert.Equal(new TrainingOptions
        {
            BatchSize = 16,
            GradAccum = 1,
            MaxIters = 1000,
            EvalInterval = 200,
            EvalIters = 20,
            LogInterval = 10,
            LearningRate = 1e-3,
            MinLr = 1e-4,
            WarmupIters = 100,
            LrDecayIters = null,
            WeightDecay = 0.1,
            Beta1 = 0.9,
            Beta2 = 0.95,
            GradClip = 1,
            Seed = 1337,
            Device = "auto",
            Tokenizer = TokenizerKind.Byte,
            ValFraction = 0.1,
            Patience = 0,
            KeepCheckpoints = 0,
            InitFrom = null,
        }, new TrainingOptions());
        var config = new MhcConfig { VocabSize = 1, BlockSize = 1, NLayer = 1, NHead = 1, NEmbd = 1 };
        Assert.Equal(config with
        {
            Bias = false,
            Dropout = 0,
            Residual = ResidualMode.Mhc,
            Streams = 4,
            HRes = HResProjection.Sinkhorn,
            HResIters = 20,
            HResTau = 1,
            HPre = StreamMap.Softmax,
            HPost = StreamMap.Softmax,
            StreamReduce = StreamReduce.Sum,
            Init = Initialization.Live,
        }, config);
    }

    private static void AssertRefused(string[] settings, string message) =>
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => RunSettings.Resolve("smoke", settings: settings)).Message);
}
