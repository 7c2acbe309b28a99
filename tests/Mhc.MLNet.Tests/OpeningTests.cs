using System.Text;
using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests;

public class OpenedModel
{
    [Fact]
    public void SaysWhatItIs()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);
        MhcModelInfo model = scorer.Model;
        Assert.Equal(("byte", 256), (model.TokenizerType, model.VocabSize));
        Assert.Equal((16, 10, null), (model.ContextLength, model.PrefixTokenId, model.EosTokenId));
        Assert.Equal(new MhcValidation { P50 = 1.5, P95 = 2.5, P99 = 3.5, P999 = 4.5, Texts = 7 }, model.Validation);
        Assert.Equal(new MhcTrainingInfo { Step = 3, ValidationLoss = 2.75, DataSha256 = Checkpoint.DataSha256 }, model.Training);
        Assert.Equal("sinkhorn", model.HRes!.Projection);
        Assert.Equal(3, model.Config.GetProperty("streams").GetInt32());
        Assert.Equal((MhcDevice.Cpu, null), (scorer.Device, scorer.WhyNotCuda));
    }

    [Fact]
    public void ScoresTheSameFromItsBytes()
    {
        using var file = new MhcScorer(TestModels.Bytes);
        using var bytes = new MhcScorer(File.ReadAllBytes(TestModels.Bytes));
        Assert.Equal(file.Score("hello").TokenLogProbs, bytes.Score("hello").TokenLogProbs);
    }

    [Fact]
    public void ScoresTheSameWithOutputsThatItDoesNotAskFor()
    {
        using var scores = new MhcScorer(TestModels.Bytes);
        using var more = new MhcScorer(TestModels.WithMoreOutputs);
        Assert.Equal(scores.Score("hello").TokenLogProbs, more.Score("hello").TokenLogProbs);
    }

    [Fact]
    public void DoesNotGrowOverTenThousandTexts() =>
        Assert.InRange(long.Parse(SecondProcess.Start("score-many", TestModels.Bytes)), long.MinValue, 16);
}

public class ModelThatCannotScoreText
{
    [Fact]
    public void IsMissing() => Assert.Equal("nowhere.onnx does not exist. Make it with `mhc export`, or correct the path.",
        Assert.Throws<FileNotFoundException>(() => new MhcScorer("nowhere.onnx")).Message);

    [Fact]
    public void IsNoOnnxModel()
    {
        string path = Temporary.File("story.onnx", Encoding.UTF8.GetBytes("Once upon a time"));
        Assert.Equal($"{path}: ONNX Runtime cannot load it as a model: [ErrorCode:InvalidProtobuf] "
            + $"Load model from {path} failed:Protobuf parsing failed. Make one with `mhc export`.", Error(path));
    }

    [Fact]
    public void IsNotOurs()
    {
        string path = Temporary.File("identity.onnx", ForeignModel);
        Assert.Equal($"{path} is an ONNX model, but not one made by `mhc export`: its metadata has no "
            + "`mhc.format_version`. Make one with `mhc export`.", Error(path));
    }

    [Fact]
    public void GivesLogits() => Assert.Equal($"{TestModels.Logits} has inputs input_ids and outputs logits; "
        + "text scoring needs input_ids, positions, targets and logprobs. "
        + "Export the checkpoint again with `mhc export --outputs scores`.", Error(TestModels.Logits));

    [Fact]
    public void HasNoTokenizer() => Assert.Equal($"{TestModels.WithoutTokenizer} has no tokenizer, so it cannot score text. "
        + "Put a tokenizer.json into the checkpoint folder and export again with `mhc export`.", Error(TestModels.WithoutTokenizer));

    // ir_version 8, one Identity node from float x[1] to y[1], opset 17: the smallest model of somebody else.
    private static byte[] ForeignModel => Convert.FromHexString(
        "0808" + "3A2F" + "0A10" + "0A0178" + "120179" + "22084964656E74697479" + "120167" + "5A0B" + "0A0178" + "1206" + "0A0408011200"
        + "620B" + "0A0179" + "1206" + "0A04080112" + "00" + "4202" + "1011");

    private static string Error(string path) => Assert.Throws<InvalidDataException>(() => new MhcScorer(path)).Message;
}

public class MissingOnnxRuntime
{
    [Fact]
    public void IsSaidWithThePackageToAdd()
    {
        DirectoryInfo folder = Temporary.Folder();
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.*"))
        {
            string name = Path.GetFileName(file);
            // Without the list of dependencies the host takes what lies in the folder.
            if (Path.GetExtension(name) is ".dll" or ".json" && !name.Contains("onnxruntime.dll") && !name.EndsWith(".deps.json"))
                File.Copy(file, Path.Combine(folder.FullName, name));
        }
        Assert.Equal("ONNX Runtime's native library was not found: add the package Microsoft.ML.OnnxRuntime, "
            + "or Microsoft.ML.OnnxRuntime.Gpu for CUDA, to the program that scores.",
            SecondProcess.Start("open", TestModels.Bytes, folder.FullName));
    }
}

public class CudaThatIsNotThere
{
    [Fact]
    public void IsAnErrorWhereItIsRequired()
    {
        SkipWithCuda();
        var required = new MhcScorerOptions { Device = MhcDevice.CudaRequired };
        var error = Assert.Throws<InvalidOperationException>(() => new MhcScorer(TestModels.Bytes, required));
        Assert.Equal($"{TestModels.Bytes}: CUDA device 0 cannot run it: {error.InnerException!.Message} "
            + "Reference the package Microsoft.ML.OnnxRuntime.Gpu in place of Microsoft.ML.OnnxRuntime and install CUDA and cuDNN, "
            + "or choose MhcDevice.CudaIfAvailable or MhcDevice.Cpu.", error.Message);
    }

    [Fact]
    public void IsReplacedByTheCpuWhereItIsOnlyWanted()
    {
        SkipWithCuda();
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { Device = MhcDevice.CudaIfAvailable });
        Assert.Equal(MhcDevice.Cpu, scorer.Device);
        Assert.NotEmpty(scorer.WhyNotCuda!);
        Assert.Equal(5, scorer.Score("hello").TokenCount);
    }

    [Fact]
    public void IsSaidInTheLog()
    {
        SkipWithCuda();
        using var log = new ListedLog();
        using var scorer = new MhcScorer(
            TestModels.Bytes, new MhcScorerOptions { Device = MhcDevice.CudaIfAvailable, DeviceId = 1, LoggerFactory = log });
        scorer.Score("a secret");
        Assert.Equal(
            [
                $"Warning Mhc.MLNet.MhcScorer: {TestModels.Bytes} runs on the CPU, because CUDA device 1 cannot run it: {scorer.WhyNotCuda}",
                $"Information Mhc.MLNet.MhcScorer: Opened {TestModels.Bytes} on Cpu: float32, unrolled, context length 16.",
            ], log.Lines);
    }

    [Fact]
    public void IsNotThereWhereItsLibrariesAreNot()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions
        {
            Device = MhcDevice.CudaIfAvailable,
            Cuda = new() { LibraryFolder = "nowhere" },
        });
        Assert.Equal("Cuda.LibraryFolder: nowhere does not exist. Name the folder that holds the libraries of CUDA and cuDNN, such as "
            + "libcudart.so and libcudnn.so, or leave it out to take the system's.", scorer.WhyNotCuda);
    }

    [Fact]
    public void IsNotThereWhereALibraryIsDamaged()
    {
        DirectoryInfo folder = Temporary.Folder();
        File.WriteAllText(Path.Combine(folder.FullName, "libcudart.so.13"), "no library");
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions
        {
            Device = MhcDevice.CudaIfAvailable,
            Cuda = new() { LibraryFolder = folder.FullName },
        });
        Assert.Contains("libcudart.so.13", scorer.WhyNotCuda, StringComparison.Ordinal);
    }

    private static void SkipWithCuda()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { Device = MhcDevice.CudaIfAvailable });
        Assert.SkipWhen(scorer.Device == MhcDevice.CudaRequired, "This machine has CUDA.");
    }
}
