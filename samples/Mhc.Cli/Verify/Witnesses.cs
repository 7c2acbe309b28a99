using Mhc.Onnx;
using Mhc.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Cli.Verify;

/// <summary>Those that know what a checkpoint computes without its graph.</summary>
internal static class Witnesses
{
    public const string Reference = "the reference", Torch = "TorchSharp";

    /// <summary>In double precision, by layer; a million parameters take about two milliseconds a token.</summary>
    public static ReferenceTrace[] Traces(ReferenceModel reference, int[][] tokens)
    {
        var traces = new ReferenceTrace[tokens.Length];
        Parallel.For(0, tokens.Length, sequence => traces[sequence] = reference.Trace(tokens[sequence]));
        return traces;
    }

    /// <summary>[sequence][token][vocabulary], in float32 on the CPU.</summary>
    public static double[][][] TorchLogits(MhcModel model, int[][] tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        int length = tokens[0].Length;
        Tensor ids = tensor([.. tokens.SelectMany(sequence => sequence).Select(id => (long)id)], [tokens.Length, length]);
        double[] logits = model.forward(ids).to(ScalarType.Float64).data<double>().ToArray();
        return [.. logits.Chunk(model.Config.VocabSize).Chunk(length)];
    }
}
