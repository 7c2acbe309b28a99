using System.Text.Json.Nodes;
using Mhc.Onnx.Wire;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>
/// A small mistake in the mathematics moves the logits far beyond the tolerance: these tests would see it. Each compares a model with the
/// mistake, in ONNX Runtime, with the reference model without it.
/// </summary>
public class MutationTests
{
    private const double FarBeyondTolerance = 100 * Tolerance.Logits;

    private static readonly string Tiny = Fixtures.Folder("mhc-tiny");

    private static readonly int[][] Tokens = [[3, 22, 0, 7, 7, 19, 1], [11, 4, 4, 21, 16, 2, 9]];

    [Fact]
    public void TransposedHResIsSeen()
    {
        using TemporaryFolder mutant = Fixtures.Temporary();
        WriteCopy(mutant, _ => { }, transposeHRes: true);

        Assert.InRange(Difference(Reference(Tiny), Logits(mutant.Path)), FarBeyondTolerance, double.MaxValue);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    public void OneSinkhornIterationMoreOrLessIsSeen(int iterations)
    {
        // At this temperature Sinkhorn has not converged after the fixture's six iterations.
        using TemporaryFolder original = Fixtures.Temporary(), mutant = Fixtures.Temporary();
        WriteCopy(original, HResTau(0.1));
        WriteCopy(mutant, config =>
        {
            HResTau(0.1)(config);
            config["h_res_iters"] = iterations;
        });

        Assert.InRange(Difference(Reference(original.Path), Logits(original.Path)), 0, Tolerance.Logits);
        Assert.InRange(Difference(Reference(original.Path), Logits(mutant.Path)), FarBeyondTolerance, double.MaxValue);
    }

    [Fact]
    public void FinalNormBehindTheSumOfStreamsIsSeen()
    {
        Checkpoint checkpoint = Checkpoint.Open(Tiny);
        double[][][] streams = FinalStreams(checkpoint);                                                  // [S][B·T][C]
        double[] weights = HProjection.Softmax(Doubles(checkpoint, "transformer.stream_reduce_logits"));

        double[] normsThenSum = Head(checkpoint, WeightedSum([.. streams.Select(stream => FinalNorm(checkpoint, stream))], weights));
        double[] sumThenNorm = Head(checkpoint, FinalNorm(checkpoint, WeightedSum(streams, weights)));

        Assert.InRange(Difference(Reference(Tiny), normsThenSum), 0, Tolerance.Logits);
        Assert.InRange(Difference(Reference(Tiny), sumThenNorm), FarBeyondTolerance, double.MaxValue);
    }

    private static Action<JsonObject> HResTau(double tau) => config => config["h_res_tau"] = tau;

    private static void WriteCopy(TemporaryFolder folder, Action<JsonObject> alterConfig, bool transposeHRes = false)
    {
        Checkpoint tiny = Checkpoint.Open(Tiny);
        JsonObject config = JsonNode.Parse(File.ReadAllBytes(tiny.ConfigPath))!.AsObject();
        alterConfig(config);
        File.WriteAllText(folder["config.json"], config.ToJsonString());
        SafetensorsWriter.Write(folder["model.safetensors"], tiny.Parameters.Select(parameter =>
        {
            float[] values = tiny.Read(parameter.Name);
            bool transpose = transposeHRes && parameter.Name.EndsWith(".H_res_logits", StringComparison.Ordinal);
            return (parameter, transpose ? Transposed(values, parameter.Shape[0]) : values);
        }));
    }

    private static float[] Transposed(float[] square, int size) =>
        [.. square.Select((_, i) => square[i % size * size + i / size])];

    private static double[] Reference(string checkpointFolder)
    {
        var model = new ReferenceModel(Checkpoint.Open(checkpointFolder));
        return [.. Tokens.SelectMany(sequence => model.Logits(sequence).SelectMany(row => row))];
    }

    private static double[] Logits(string checkpointFolder)
    {
        using OrtModel model = OrtModel.Export(checkpointFolder, OnnxOutputs.Logits);
        return TensorAssert.Doubles(model.Logits(Tokens));
    }

    private static double Difference(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        return expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
    }

    // What the graph computes within, made an output.
    private static double[][][] FinalStreams(Checkpoint checkpoint)
    {
        ModelProto proto = OrtModel.Whole(OnnxExporter.Model(checkpoint, HMatrices.Project(checkpoint), new() { Outputs = OnnxOutputs.Logits }));
        proto.Graph.Output.Clear();
        proto.Graph.Output.Add(new ValueInfoProto
        {
            Name = "/transformer/streams/Reshape/output_0",
            Type = new() { TensorType = new() { ElemType = TensorProto.Types.DataType.Float } },
        });
        using OrtModel model = OrtModel.Of(proto);
        double[] streams = TensorAssert.Doubles(model.Logits(Tokens));
        int channels = checkpoint.Config.NEmbd;
        return [.. streams.Chunk(channels).Chunk(streams.Length / channels / checkpoint.Config.Streams)];
    }

    private static double[][] FinalNorm(Checkpoint checkpoint, double[][] x)
    {
        double[] weight = Doubles(checkpoint, "transformer.ln_f.weight"), bias = Doubles(checkpoint, "transformer.ln_f.bias");
        return Array.ConvertAll(x, row =>
        {
            double mean = row.Average(), variance = row.Average(value => (value - mean) * (value - mean));
            return row.Select((value, c) => (value - mean) / Math.Sqrt(variance + 1e-5) * weight[c] + bias[c]).ToArray();
        });
    }

    private static double[][] WeightedSum(double[][][] streams, double[] weights) =>
        [.. streams[0].Select((row, t) => row.Select((_, c) => streams.Select((stream, s) => weights[s] * stream[t][c]).Sum()).ToArray())];

    private static double[] Head(Checkpoint checkpoint, double[][] x)
    {
        double[][] rows = [.. Doubles(checkpoint, "lm_head.weight").Chunk(checkpoint.Config.NEmbd)];
        return [.. x.SelectMany(channels => rows.Select(row => row.Zip(channels, (weight, value) => weight * value).Sum()))];
    }

    private static double[] Doubles(Checkpoint checkpoint, string parameter) => TensorAssert.Doubles(checkpoint.Read(parameter));
}
