using System.IO.Compression;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Mhc.MLNet.ModelZip;
using Mhc.MLNet.Tests.Kit;
using Microsoft.ML;

namespace Mhc.MLNet.Tests;

public class SavedPipeline
{
    private static readonly MLContext MlContext = new(seed: 1);
    private static readonly IDataView Empty = MlContext.Data.LoadFromEnumerable<TextRow>([]);

    [Fact]
    public void PredictsTheSameInASecondProcess()
    {
        using MhcScoringTransformer model = Fit(TestModels.Bytes);
        using PredictionEngine<TextRow, ScoredRow> engine = MlContext.Model.CreatePredictionEngine<TextRow, ScoredRow>(model);
        Assert.Equal(engine.Predict(new TextRow { Text = "second process" }).ToString(), SecondProcess.Start("predict", Save(model)));
    }

    [Fact]
    public void KeepsItsPlaceInAChain()
    {
        ITransformer chain = MlContext.Transforms.Text.NormalizeText("Lower", "Text")
            .Append(MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = TestModels.Bytes, TextColumn = "Lower", TokensPerBatch = 7 }))
            .Append(MlContext.Transforms.Concatenate("Features", "BitsPerByte", "Perplexity"))
            .Fit(Empty);
        using var owner = (IDisposable)chain;
        string zip = Save(chain);
        Assert.Equal(SecondProcess.Start("predict", zip), SecondProcess.Start("predict", Save(MlContext.Model.Load(zip, out _))));
    }

    [Fact]
    public void NeedsNoFileButTheZip()
    {
        string onnx = Temporary.File("copy.onnx", File.ReadAllBytes(TestModels.Bytes));
        string zip;
        using (MhcScoringTransformer model = Fit(onnx))
            zip = Save(model);
        File.Delete(onnx);
        string again = Save(MlContext.Model.Load(zip, out _));
        Assert.Equal(SecondProcess.Start("predict", zip), SecondProcess.Start("predict", again));
        using ZipArchive archive = ZipFile.OpenRead(again);
        using Stream entry = archive.Entries.Single(e => e.Name == "model.onnx").Open();
        using var content = new MemoryStream();
        entry.CopyTo(content);
        Assert.Equal(File.ReadAllBytes(TestModels.Bytes), content.ToArray());
    }

    [Fact]
    public void KeepsItsOptionsButNotWhereTheModelWas()
    {
        var options = new MhcScoringOptions
        {
            ModelPath = "/home/someone/a.onnx",
            TextColumn = "Body",
            ColumnPrefix = "P",
            Device = MhcDevice.CudaIfAvailable,
            DeviceId = 1,
            TokensPerBatch = 7,
            Threads = 3,
            Prefix = MhcPrefix.Token(7),
            LongTexts = MhcLongTexts.TruncateLeft,
            Stride = 5,
            ContextColumn = "Before",
            Columns = ["Bits", "TokenIds"],
        };
        Assert.Equivalent(options with { ModelPath = "model.onnx" }, ZipOptions.Read(ZipOptions.Write(options)), strict: true);
        Assert.Equal(MhcPrefix.None, ZipOptions.Read(ZipOptions.Write(options with { Prefix = MhcPrefix.None })).Prefix);
        Assert.Equal(MhcPrefix.OfModel, ZipOptions.Read(ZipOptions.Write(options with { Prefix = MhcPrefix.OfModel })).Prefix);
    }

    [Fact]
    public void MayLeaveTheModelBesideIt()
    {
        string onnx = Temporary.File("beside.onnx", File.ReadAllBytes(TestModels.Bytes));
        using MhcScoringTransformer model =
            MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = onnx, ModelInZip = false }).Fit(Empty);
        using PredictionEngine<TextRow, ScoredRow> engine = MlContext.Model.CreatePredictionEngine<TextRow, ScoredRow>(
            model, new PredictionEngineOptions { OwnsTransformer = false });
        string expected = engine.Predict(new TextRow { Text = "second process" }).ToString(), zip = Save(model);

        Assert.True(new FileInfo(zip).Length < new FileInfo(onnx).Length / 2);
        Assert.Equal(expected, SecondProcess.Start("predict", zip));
        File.Delete(onnx);
        var e = Assert.Throws<TargetInvocationException>(() => MlContext.Model.Load(zip, out _));
        Assert.StartsWith($"{onnx}, the model that the zip names, is neither in the working directory ", e.InnerException!.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesAModelThatChangedOnDisk()
    {
        string onnx = Temporary.File("changed.onnx", File.ReadAllBytes(TestModels.Bytes));
        using MhcScoringTransformer model = Fit(onnx);
        File.AppendAllText(onnx, " ");
        Assert.Equal($"{onnx} was changed or deleted after the pipeline was fitted, so it cannot be saved with it. "
            + "Put the file back, or fit the pipeline again.",
            Assert.Throws<InvalidOperationException>(() => Save(model)).Message);
    }

    [Fact]
    public void RefusesAModelThatIsTooLarge() => Assert.Equal(
        "big.onnx has 3,000,000,000 bytes; a model of more than 2,147,483,591 bytes cannot be saved in an ML.NET zip. "
        + "Keep it beside the zip with ModelInZip = false.",
        Assert.Throws<NotSupportedException>(() => OnnxFile.CheckFits("big.onnx", 3_000_000_000)).Message);

    [Fact]
    public void RefusesAModelOfTwoFiles()
    {
        using MhcScoringTransformer model = Fit(TestModels.ExternalData);
        Assert.Equal($"{TestModels.ExternalData} has its weights in external.onnx.data; a model of two files cannot be saved in an ML.NET "
            + "zip. Keep it beside the zip with ModelInZip = false, or export the model again without "
            + "`--external-data` if it is below 2 GB.", Assert.Throws<NotSupportedException>(() => Save(model)).Message);
    }

    [Fact]
    public void OfAnotherVersionSaysWhichOneIsRead()
    {
        using MhcScoringTransformer model = Fit(TestModels.Bytes);
        string zip = Save(model);
        Edit(zip, header => header[SignatureAt(header) + 12] = 9); // signature, version that wrote it, version that can read it
        Assert.Equal("The zip holds an mHC text scorer of format version 9, this release of Mhc.MLNet reads version 1. "
            + "Load it with the release that saved it, or fit and save the pipeline again with this one.", LoadError(zip));
    }

    [Fact]
    public void WithUnknownOptionsIsRefused()
    {
        using MhcScoringTransformer model = Fit(TestModels.Bytes);
        string zip = Save(model);
        Edit(zip, header => header[header.AsSpan().IndexOf(Encoding.Unicode.GetBytes("device_id"))] = (byte)'x');
        string options = ZipOptions.Write(new MhcScoringOptions { ModelPath = "model.onnx" }).Replace("device_id", "xevice_id");
        InvalidDataException error = LoadException(zip);
        Assert.Equal($"The options of the mHC text scorer in the zip are {options}: {error.InnerException!.Message} "
            + "Fit and save the pipeline again.", error.Message);
        Assert.IsType<JsonException>(error.InnerException);
    }

    [Fact]
    public void WithoutATextColumnIsRefused()
    {
        using MhcScoringTransformer model = Fit(TestModels.Bytes);
        string zip = Save(model);
        Edit(zip, header => Encoding.Unicode.GetBytes("    ").CopyTo(header, header.AsSpan().IndexOf(Encoding.Unicode.GetBytes("Text\""))));
        string options = ZipOptions.Write(new MhcScoringOptions { ModelPath = "model.onnx", TextColumn = "    " });
        Assert.Equal($"The options of the mHC text scorer in the zip are {options}: The value cannot be an empty string or composed "
            + "entirely of whitespace. (Parameter 'TextColumn') Fit and save the pipeline again.", LoadError(zip));
    }

    [Fact]
    public void WithoutItsModelIsRefused()
    {
        using MhcScoringTransformer model = Fit(TestModels.Bytes);
        string zip = Save(model);
        using (ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Update))
            archive.Entries.Single(e => e.Name == "model.onnx").Delete();
        Assert.Equal("The zip has no `model.onnx` beside its mHC text scorer. Fit and save the pipeline again.", LoadError(zip));
    }

    private static MhcScoringTransformer Fit(string onnx) => MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = onnx }).Fit(Empty);

    private static string Save(ITransformer model)
    {
        string zip = Path.Combine(Temporary.Folder().FullName, "pipeline.zip");
        MlContext.Model.Save(model, Empty.Schema, zip);
        return zip;
    }

    private static void Edit(string zip, Action<byte[]> edit)
    {
        using ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Update);
        using Stream stream = archive.GetEntry("TransformerChain/Model.key")!.Open();
        byte[] header = new byte[stream.Length];
        stream.ReadExactly(header);
        edit(header);
        stream.Position = 0;
        stream.Write(header);
    }

    private static int SignatureAt(byte[] header) => header.AsSpan().IndexOf("MHCSCORE"u8);

    // ML.NET calls loaders by reflection and leaves reflection's wrapper around what they throw.
    private static InvalidDataException LoadException(string zip) => Assert.IsType<InvalidDataException>(
        Assert.Throws<TargetInvocationException>(() => MlContext.Model.Load(zip, out _)).InnerException);

    private static string LoadError(string zip) => LoadException(zip).Message;
}
