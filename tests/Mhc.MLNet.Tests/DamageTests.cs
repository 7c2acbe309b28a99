using System.Reflection;
using Mhc.MLNet.Tests.Kit;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Tests;

public class DamagedOnnxFile
{
    private static readonly byte[] Whole = File.ReadAllBytes(TestModels.SmallBytes);

    [Fact]
    public void IsRefusedWithWhatIsWrong()
    {
        byte[] model = [.. Whole];
        model[^1000] ^= 1; // A bit of a weight.
        string error = Assert.Throws<InvalidDataException>(() => new MhcScorer(model)).Message;
        string[] hashes = [.. error.Split(' ', ',', '.').Where(word => word.Length == 64)];
        Assert.NotEqual(hashes[0], hashes[1]);
        Assert.Equal($"The model is not as `mhc export` wrote it: its metadata `mhc.file_sha256` is {hashes[0]}, but the bytes before that entry "
            + $"hash to {hashes[1]}. It may be damaged: copy or export it again. A tool that changes a model on purpose has to set that key to "
            + "\"none\".", error);
    }

    [Fact]
    public void IsRefusedWhereItsChecksumIsGone()
    {
        byte[] model = Whole[..^87];
        Assert.Equal("The model is not as `mhc export` wrote it: it does not end with the metadata `mhc.file_sha256`. It may be damaged: copy or "
            + "export it again. A tool that changes a model on purpose has to set that key to \"none\".",
            Assert.Throws<InvalidDataException>(() => new MhcScorer(model)).Message);
    }

    [Fact]
    public void MayBeChangedByAToolThatSaysSo()
    {
        // An entry of metadata_props: the key, and "none" in quotes.
        byte[] model = [.. Whole[..^87], 0x72, 25, 0x0A, 15, .. "mhc.file_sha256"u8, 0x12, 6, .. "\"none\""u8];
        using var scorer = new MhcScorer(model);
        Assert.Equal(5, scorer.Score("hello").TokenCount);
    }

    [Fact]
    public void IsRefusedWhateverTheDamage()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            byte[] model = Damage.Of(Whole, seed);
            Assert.True(Record.Exception(() => new MhcScorer(model)) is InvalidDataException, $"Damage {seed} went unseen.");
        }
    }

    [Fact]
    public void IsRefusedByTheGeneratorToo()
    {
        byte[] model = File.ReadAllBytes(TestModels.BytesDecoder);
        model[^1000] ^= 1;
        string path = Temporary.File("damaged.onnx", model);
        Assert.StartsWith($"{path} is not as `mhc export` wrote it: its metadata `mhc.file_sha256` is ",
            Assert.Throws<InvalidDataException>(() => new MhcGenerator(path)).Message);
    }
}

public class DamagedZip
{
    private static readonly MLContext MlContext = new(seed: 1);
    private static readonly IDataView Hello = MlContext.Data.LoadFromEnumerable([new TextRow { Text = "hello" }]);

    /// <summary>An error, or the right score where only what nobody reads is damaged, such as a date.</summary>
    [Fact]
    public void NeverGivesAWrongScore()
    {
        string zip = Path.Combine(Temporary.Folder().FullName, "pipeline.zip");
        using (MhcScoringTransformer model = MlContext.ScoreMhc(new MhcScoringOptions { ModelPath = TestModels.SmallBytes }).Fit(Hello))
            MlContext.Model.Save(model, Hello.Schema, zip);
        byte[] whole = File.ReadAllBytes(zip);
        float? expected = Score(zip);
        Assert.NotNull(expected);
        int refused = 0;
        for (int seed = 0; seed < 300; seed++)
        {
            File.WriteAllBytes(zip, Damage.Of(whole, seed));
            float? found = Score(zip);
            Assert.True(found is null || found == expected, $"Damage {seed} made {found} of {expected}.");
            refused += found is null ? 1 : 0;
        }
        Assert.InRange(refused, 290, 300);
    }

    // Null where the zip is refused, by ML.NET or by us.
    private static float? Score(string zip)
    {
        try
        {
            ITransformer model = MlContext.Model.Load(zip, out _);
            using var owner = (IDisposable)model;
            return model.Transform(Hello).GetColumn<float>("LogLikelihood").Single();
        }
        catch (Exception e) when (e is FormatException or EndOfStreamException or InvalidDataException
            or TargetInvocationException { InnerException: InvalidDataException })
        {
            Assert.NotEmpty(e.Message);
            return null;
        }
    }
}
