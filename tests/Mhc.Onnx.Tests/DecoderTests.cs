using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>With the keys and values of earlier tokens the decoding graph computes what the model does with the tokens.</summary>
public class DecoderTests
{
    private static readonly MhcConfig Tiny = SyntheticCheckpoint.Tiny;

    public static MatrixTheoryData<string, string> Designs => new(
        ["none", "mhc", "hc", "hc-fracs", "mhc_dynamic"], Enum.GetNames<ValueResidual>());

    /// <summary>A prompt at once, then token by token, as generation does.</summary>
    [Theory, MemberData(nameof(Designs))]
    public void StepByStepGivesTheLogitsOfTheWholeText(string design, string values)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Config(design, values));
        var reference = new ReferenceModel(Checkpoint.Open(folder.Path));
        using OrtDecoder decoder = OrtDecoder.Export(folder.Path);
        int[] text = [5, 0, 19, 22, 3, 3, 11, 8, 1];

        List<float> logits = [.. decoder.Run([text[..4]], [Ones(4)], [Range(0, 4)])];
        for (int t = 4; t < text.Length; t++)
            logits.AddRange(decoder.Run([[text[t]]], [Ones(t + 1)], [[t]]));

        TensorAssert.Close($"{design}, value residual {values}", [.. reference.Logits(text).SelectMany(row => row)],
            TensorAssert.Doubles(logits.ToArray()), Tolerance.Logits);
    }

    /// <summary>Three texts in one batch, padded on the left, each with positions of its own.</summary>
    [Theory, MemberData(nameof(Designs))]
    public void TextsOfDifferentLengthsShareABatch(string design, string values)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        SyntheticCheckpoint.Write(folder.Path, Config(design, values));
        var reference = new ReferenceModel(Checkpoint.Open(folder.Path));
        using OrtDecoder decoder = OrtDecoder.Export(folder.Path);
        int[][] texts = [[5, 0, 19, 22, 3, 3, 11, 8], [7], [12, 2, 21]]; // Then four more tokens each, from these.
        int[] more = [9, 4, 4, 16];
        int longest = texts.Max(text => text.Length);
        int[][] masks = [.. texts.Select(text => (int[])[.. new int[longest - text.Length], .. Ones(text.Length)])];

        float[] first = decoder.Run([.. texts.Select(text => (int[])[.. new int[longest - text.Length], .. text])], masks,
            [.. texts.Select(text => (int[])[.. new int[longest - text.Length], .. Range(0, text.Length)])], keep: 1);
        AssertLast(first);
        foreach (int token in more[..3])
        {
            int[][] positions = [.. texts.Select(text => (int[])[text.Length])];
            (texts, masks) = ([.. texts.Select(text => (int[])[.. text, token])], [.. masks.Select(mask => (int[])[.. mask, 1])]);
            AssertLast(decoder.Run([.. texts.Select(text => text[^1..])], masks, positions));
        }

        void AssertLast(float[] logits) => TensorAssert.Close($"{design}, value residual {values}, {texts[0].Length} tokens",
            [.. texts.SelectMany(text => reference.Logits(text)[^1])], TensorAssert.Doubles(logits), Tolerance.Logits);
    }

    /// <summary>onnxruntime-genai pads on the right: the padding lies between a text and what follows it.</summary>
    [Fact]
    public void PaddingMayStandAnywhere()
    {
        var reference = new ReferenceModel(Checkpoint.Open(Fixtures.Folder("mhc-tiny")));
        using OrtDecoder decoder = OrtDecoder.Export(Fixtures.Folder("mhc-tiny"));

        float[] first = decoder.Run([[5, 0, 19], [7, 22, 22]], [[1, 1, 1], [1, 0, 0]], [[0, 1, 2], [0, 0, 0]]);
        float[] second = decoder.Run([[4], [9]], [[1, 1, 1, 1], [1, 0, 0, 1]], [[3], [1]]);

        AssertRow(reference.Logits([5, 0, 19])[2], first, row: 2);
        AssertRow(reference.Logits([7])[0], first, row: 3);
        AssertRow(reference.Logits([5, 0, 19, 4])[3], second, row: 0);
        AssertRow(reference.Logits([7, 9])[1], second, row: 1);

        void AssertRow(double[] expected, float[] logits, int row) => TensorAssert.Close($"row {row}", expected,
            TensorAssert.Doubles(logits.AsSpan(row * Tiny.VocabSize, Tiny.VocabSize)), Tolerance.Logits);
    }

    [Fact]
    public void WhatIsComputedForPaddingStaysANumber()
    {
        using OrtDecoder decoder = OrtDecoder.Export(Fixtures.Folder("mhc-tiny"));

        float[] logits = decoder.Run([[0, 0, 7], [0, 0, 0]], [[0, 0, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]);

        Assert.All(decoder.Cache.Append(logits), values => Assert.All(values, value => Assert.True(float.IsFinite(value))));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(4)]
    public void OnlyTheLogitsThatAreAskedForAreMade(int keep)
    {
        using OrtDecoder decoder = OrtDecoder.Export(Fixtures.Folder("mhc-tiny"));
        int[][] tokens = [[5, 0, 19, 22], [7, 7, 1, 3]], mask = [Ones(4), Ones(4)], positions = [Range(0, 4), Range(0, 4)];
        float[] all = decoder.Run(tokens, mask, positions);
        decoder.Forget();

        float[] last = decoder.Run(tokens, mask, positions, keep);

        int row = 4 * Tiny.VocabSize, kept = keep * Tiny.VocabSize;
        Assert.Equal([.. all[(row - kept)..row], .. all[^kept..]], last);
    }

    [Fact]
    public void GraphIsAsApproved() => ApprovedText.Equal("mhc-tiny/decoder.verified.txt", GraphText.Of(Graph()));

    /// <summary>What onnxruntime-genai has to give: the optional input is not among it.</summary>
    [Fact]
    public void RequiredInputsAreThoseOfOnnxRuntimeGenAi()
    {
        using OrtDecoder decoder = OrtDecoder.Export(Fixtures.Folder("mhc-tiny"));

        Assert.Equal(["input_ids", "attention_mask", "position_ids", "past_key_values.0.key", "past_key_values.0.value",
            "past_key_values.1.key", "past_key_values.1.value"], decoder.Inputs);
    }

    private static GraphProto Graph()
    {
        Checkpoint tiny = Checkpoint.Open(Fixtures.Folder("mhc-tiny"));
        return OnnxExporter.Model(tiny, HMatrices.Project(tiny), new() { Outputs = OnnxOutputs.Decoder }).Graph;
    }

    private static MhcConfig Config(string design, string values) => (design switch
    {
        "none" => Tiny with { Residual = ResidualMode.None, StreamReduce = StreamReduce.Sum },
        "hc" => Tiny with { Residual = ResidualMode.Hc },
        "hc-fracs" => Tiny with { Residual = ResidualMode.Hc, Fracs = 2 },
        "mhc_dynamic" => Tiny with { Residual = ResidualMode.MhcDynamic, StreamReduce = StreamReduce.Mean },
        _ => Tiny,
    }) with
    { ValueResidual = Enum.Parse<ValueResidual>(values) };

    private static int[] Ones(int count) => [.. Enumerable.Repeat(1, count)];

    private static int[] Range(int start, int count) => [.. Enumerable.Range(start, count)];
}
