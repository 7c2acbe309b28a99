using Mhc.Testing;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

public class CheckpointFolder
{
    private static readonly MhcConfig Tiny = new()
    {
        VocabSize = 11,
        BlockSize = 6,
        NLayer = 1,
        NHead = 2,
        NEmbd = 4,
        Streams = 3,
        Bias = true,
        StreamReduce = StreamReduce.Learned,
    };

    /// <summary>The exporter's tests hold the same list against the same folder: it is the contract between the packages.</summary>
    [Fact]
    public void HoldsTheParametersThatAreAgreedOn()
    {
        using MhcModel model = MhcModel.Load(Fixtures.Folder("mhc-tiny"));

        IEnumerable<string> parameters = model.Parameters.Specs.OrderBy(spec => spec.Name, StringComparer.Ordinal)
            .Select(spec => $"{spec.Name} [{string.Join(", ", spec.Shape)}] f32");

        Assert.Equal(File.ReadAllLines(Path.Combine(Fixtures.Folder("mhc-tiny"), "parameters.verified.txt")), parameters);
    }

    [Fact]
    public void GivesTheSameModelBack()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using var saved = new MhcModel(Tiny, 7, CPU);
        var metrics = new CheckpointMetrics(3, 1.5, 2.5, "ab", new(1, 2, 3, 4, 5));

        Checkpoint.Save(folder["c"], saved, TextTokenizer.Byte(), metrics);
        using MhcModel loaded = MhcModel.Load(folder["c"]);

        Assert.Equal(saved.Config, loaded.Config);
        Assert.Equal(saved.Parameters.Values.ToDoubles(), loaded.Parameters.Values.ToDoubles());
        Assert.Equal(metrics, Checkpoint.LoadMetrics(folder["c"]));
        Assert.Equal(["config.json", "metrics.json", "model.safetensors", "tokenizer.json"],
            Directory.EnumerateFiles(folder["c"]).Select(file => Path.GetFileName(file)).Order());
        Assert.Equal(["c"], Directory.EnumerateFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public void ThatLacksTensorsNamesEveryOneOfThem()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using var model = new MhcModel(Tiny with { Bias = false }, 7, CPU);
        Checkpoint.Save(folder["c"], model, null, null);
        File.WriteAllText(folder["c/config.json"],
            (model.Config with { BlockSize = 8, StreamReduce = StreamReduce.Mean, Residual = ResidualMode.Mhc, VocabSize = 12 }).ToJson());

        string message = Assert.Throws<InvalidDataException>(() => MhcModel.Load(folder["c"])).Message;

        string file = folder["c/model.safetensors"];
        Assert.Equal(string.Join(Environment.NewLine,
            $"{file}: tensor `lm_head.weight` is [11, 4], config.json asks for [12, 4].",
            $"{file}: tensor `transformer.wpe.weight` is [6, 4], config.json asks for [8, 4].",
            $"{file}: tensor `transformer.stream_reduce_logits` is not part of the model that config.json describes."), message);
    }

    [Fact]
    public void WithNaNWeightsIsRefused()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using var model = new MhcModel(Tiny, 7, CPU);
        using (no_grad())
            model.Parameters.ValueOf("transformer.ln_f.weight")[2] = float.NaN;
        Checkpoint.Save(folder["c"], model, null, null);

        Assert.Equal($"{folder["c/model.safetensors"]}: tensor `transformer.ln_f.weight` has NaN at element 2, expected finite numbers. "
            + "The training had diverged: take an earlier checkpoint.",
            Assert.Throws<InvalidDataException>(() => MhcModel.Load(folder["c"])).Message);
    }

    [Fact]
    public void ThatIsNotThereIsNamed() =>
        Assert.Equal($"{Path.Combine("nowhere", "config.json")}: no such file. "
            + "Expected a checkpoint folder, such as RUN/best, that holds config.json and model.safetensors.",
            Assert.Throws<FileNotFoundException>(() => MhcModel.Load("nowhere")).Message);

    [Fact]
    public void StaysAsItWasWhenAWriteFails()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using var model = new MhcModel(Tiny, 7, CPU);
        Checkpoint.Save(folder["c"], model, null, null);
        byte[] before = File.ReadAllBytes(folder["c/model.safetensors"]);

        Assert.Throws<IOException>(() => AtomicWrite.Folder(folder["c"], temporary =>
        {
            File.WriteAllText(Path.Combine(temporary, "model.safetensors"), "half");
            throw new IOException("disk full");
        }));

        Assert.Equal(before, File.ReadAllBytes(folder["c/model.safetensors"]));
        Assert.Equal(["c"], Directory.EnumerateFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public void IsPutBackWhenTheNewOneCannotTakeItsPlace()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using var model = new MhcModel(Tiny, 7, CPU);
        Checkpoint.Save(folder["c"], model, null, null);
        byte[] before = File.ReadAllBytes(folder["c/model.safetensors"]);

        // The new folder vanishes before it can be renamed.
        Assert.Throws<DirectoryNotFoundException>(() => AtomicWrite.Folder(folder["c"], temporary => Directory.Delete(temporary)));

        Assert.Equal(before, File.ReadAllBytes(folder["c/model.safetensors"]));
        Assert.Equal(["c"], Directory.EnumerateFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public void DoesNotReplaceAFolderOfOtherThings()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["thesis.txt"], "years of work");
        using var model = new MhcModel(Tiny, 7, CPU);

        string message = Assert.Throws<IOException>(() => Checkpoint.Save(folder.Path, model, null, null)).Message;

        Assert.Equal(
            $"{folder.Path}: exists and is no checkpoint folder, so it is not replaced. Choose another place or remove it.", message);
        Assert.Equal("years of work", File.ReadAllText(folder["thesis.txt"]));
    }
}
