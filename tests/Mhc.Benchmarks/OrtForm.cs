using Google.Protobuf;
using Mhc.Onnx.Wire;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.Benchmarks;

/// <summary>A graph in ONNX Runtime on the CPU, with inputs and outputs that stay in place.</summary>
internal sealed class OrtForm : IDisposable
{
    private readonly InferenceSession _session;
    private readonly OrtValue[] _inputs, _outputs;
    private readonly RunOptions _run = new();

    public OrtForm(string name, ModelProto model, int threads)
    {
        Name = name;
        using TemporaryFile optimized = new();
        using SessionOptions options = new() { IntraOpNumThreads = threads, OptimizedModelFilePath = optimized.Path };
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR; // It warns that the optimised model suits this machine alone.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _session = new(model.ToByteArray(), options);
        Operators = Text(ModelProto.Parser.ParseFrom(File.ReadAllBytes(optimized.Path)).Graph);
        var random = new Random(2);
        _inputs = [.. _session.InputNames.Select(input => Tensor(_session.InputMetadata[input], () => (float)random.NextDouble() - 0.5f))];
        _outputs = [.. _session.OutputNames.Select(output => Tensor(_session.OutputMetadata[output], () => 0))];
    }

    public string Name { get; }

    /// <summary>What the optimiser has left: operators by count.</summary>
    public string Operators { get; }

    public void Run() => _session.Run(_run, _session.InputNames, _inputs, _session.OutputNames, _outputs);

    public float[] Result() => _outputs[0].GetTensorDataAsSpan<float>().ToArray();

    public void Dispose()
    {
        foreach (OrtValue value in _inputs.Concat(_outputs))
            value.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    private static OrtValue Tensor(NodeMetadata metadata, Func<float> value)
    {
        long[] shape = [.. metadata.Dimensions.Select(size => (long)size)];
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        foreach (ref float element in values.AsSpan())
            element = value();
        return OrtValue.CreateTensorValueFromMemory(values, shape);
    }

    private static string Text(GraphProto graph) => string.Join(", ", graph.Node.CountBy(node => node.OpType)
        .OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value == 1 ? pair.Key : $"{pair.Value} {pair.Key}"));

    private sealed class TemporaryFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
