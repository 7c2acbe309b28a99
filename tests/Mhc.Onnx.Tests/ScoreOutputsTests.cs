using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>What the scoring graph gives beside the log-probabilities of the targets, in every design.</summary>
public class ScoreOutputsTests
{
    private const int Alternatives = 4;

    private static readonly OnnxExportOptions All = new() { TopK = Alternatives, Ranks = true, Entropies = true, Hidden = true };

    private static readonly MhcConfig Tiny = SyntheticCheckpoint.Tiny;

    private static readonly Dictionary<string, MhcConfig> Designs = new()
    {
        ["none"] = Tiny with { Residual = ResidualMode.None },
        ["mhc"] = Tiny,
        ["hc"] = Tiny with { Residual = ResidualMode.Hc, Fracs = 2 },
        ["mhc_dynamic"] = Tiny with { Residual = ResidualMode.MhcDynamic, HResIters = 3 },
    };

    private static readonly int[][] Tokens = [[3, 22, 0, 7, 7, 19, 1], [11, 4, 4, 21, 16, 2, 9]];
    private static readonly long[] Positions = [13, 0, 4, 9, 4];
    private static readonly long[] Targets = [5, 22, 0, 17, 8];

    public static TheoryData<string> Names => new(Designs.Keys);

    [Theory, MemberData(nameof(Names))]
    public void AgreeWithTheReferenceModel(string design)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Designs[design]);
        double[][] expected = LogProbabilities(folder.Path);

        IReadOnlyDictionary<string, (long[] Shape, double[] Values)> scored = Run(folder.Path, All);

        TensorAssert.Close("logprobs", Each((row, target) => row[target]), scored["logprobs"].Values, Tolerance.Logits);
        TensorAssert.Close("entropies", Each((row, _) => -row.Sum(p => Math.Exp(p) * p)), scored["entropies"].Values, Tolerance.Logits);
        Assert.Equal(Each((row, target) => 1 + row.Count(p => p > row[target])), scored["ranks"].Values);
        Assert.Equal(Positions.SelectMany(position => Ranked(expected[position])).Select(id => (double)id), scored["top_ids"].Values);
        TensorAssert.Close("top_logprobs", [.. Positions.SelectMany(p => Ranked(expected[p]).Select(id => expected[p][id]))],
            scored["top_logprobs"].Values, Tolerance.Logits);

        double[] Each(Func<double[], int, double> score) => [.. Positions.Zip(Targets, (p, target) => score(expected[p], (int)target))];
    }

    /// <summary>The tiny vocabulary is larger than the width, so that no other vectors have the same logits.</summary>
    [Theory, MemberData(nameof(Names))]
    public void HiddenIsWhatTheHeadTurnsIntoLogits(string design)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Designs[design]);
        Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        var reference = new ReferenceModel(checkpoint);
        float[] head = checkpoint.Read("lm_head.weight");

        IReadOnlyDictionary<string, (long[] Shape, double[] Values)> scored = Run(folder.Path, new() { Hidden = true });

        Assert.Equal(["hidden", "logprobs"], scored.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([2, 7, Tiny.NEmbd], scored["hidden"].Shape);
        TensorAssert.Close("logits", [.. Tokens.SelectMany(reference.Logits).SelectMany(row => row)],
            [.. scored["hidden"].Values.Chunk(Tiny.NEmbd).SelectMany(x =>
                head.Chunk(Tiny.NEmbd).Select(row => row.Zip(x, (w, v) => w * v).Sum()))],
            Tolerance.Logits);
    }

    [Fact]
    public void TokensThatTieShareARankAndComeInTheOrderOfTheirIds()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Tiny, alter: (name, values) =>
        {
            if (name == "lm_head.weight")
                Array.Clear(values);
        });

        IReadOnlyDictionary<string, (long[] Shape, double[] Values)> scored = Run(folder.Path, All);

        Assert.All(scored["ranks"].Values, rank => Assert.Equal(1, rank));
        Assert.Equal(Positions.SelectMany(_ => new double[] { 0, 1, 2, 3 }), scored["top_ids"].Values);
        Assert.All(scored["entropies"].Values, entropy => Assert.Equal(Math.Log(Tiny.VocabSize), entropy, Tolerance.Logits));
    }

    [Fact]
    public void WholeVocabularyCanBeRanked()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Tiny);

        IReadOnlyDictionary<string, (long[] Shape, double[] Values)> scored = Run(folder.Path, new() { TopK = Tiny.VocabSize });

        Assert.Equal(["logprobs", "top_ids", "top_logprobs"], scored.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([Positions.Length, Tiny.VocabSize], scored["top_ids"].Shape);
    }

    [Theory]
    [InlineData(-1, "Expected 0 or more. (Parameter 'TopK')\nActual value was -1.")]
    [InlineData(24, "TopK is 24, but the vocabulary has 23 tokens. Ask for at most as many.")]
    public void AlternativesThatThereAreNotAreRefused(int count, string message)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Tiny);

        ArgumentException e = Assert.ThrowsAny<ArgumentException>(
            () => OnnxExporter.Export(folder.Path, folder["model.onnx"], new() { TopK = count }));

        Assert.Equal(message, e.Message.ReplaceLineEndings("\n"));
        Assert.False(File.Exists(folder["model.onnx"]));
    }

    [Fact]
    public void AreOfTheScoringGraphAlone()
    {
        var e = Assert.Throws<ArgumentException>(() => (All with { Outputs = OnnxOutputs.Logits }).Validate());

        Assert.Equal("TopK, Ranks, Entropies and Hidden are outputs beside the scores, but Outputs is Logits. "
            + "Expected Scores, or none of them.", e.Message);
    }

    private static double[][] LogProbabilities(string folder)
    {
        var reference = new ReferenceModel(Checkpoint.Open(folder));
        return [.. Tokens.SelectMany(reference.Logits).Select(row => row.Select(logit => logit - ReferenceMath.LogSumExp(row)).ToArray())];
    }

    private static IEnumerable<int> Ranked(double[] logprobs) =>
        logprobs.Index().OrderByDescending(token => token.Item).Take(Alternatives).Select(token => token.Index);

    private static IReadOnlyDictionary<string, (long[] Shape, double[] Values)> Run(string folder, OnnxExportOptions options)
    {
        using OrtModel model = OrtModel.Export(folder, options);
        return model.ScoreOutputs(Tokens, Positions, Targets);
    }
}
