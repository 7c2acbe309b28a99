using Google.Protobuf;
using Mhc.Onnx.Wire;
using Mhc.Testing;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Mhc.Onnx.Tests;

/// <summary>An exported model in ONNX Runtime on the CPU.</summary>
internal sealed class OrtModel : IDisposable
{
    private readonly InferenceSession _session;

    private OrtModel(byte[] model) => _session = new(model);

    private OrtModel(string path) => _session = new(path);

    public static OrtModel Of(ModelProto model) => new(model.ToByteArray());

    public static OrtModel Of(OnnxModel model) => Of(Whole(model));

    /// <summary>A model with its weights.</summary>
    public static ModelProto Whole(OnnxModel model)
    {
        using var stream = new MemoryStream();
        new ModelStream(model).WriteTo(stream);
        return ModelProto.Parser.ParseFrom(stream.ToArray());
    }

    /// <summary>A file, with the file of its weights beside it.</summary>
    public static OrtModel Open(string path) => new(path);

    public static OrtModel Export(string checkpointFolder, OnnxOutputs outputs, OnnxLayout layout = OnnxLayout.Auto) =>
        Export(checkpointFolder, new OnnxExportOptions { Outputs = outputs, Layout = layout });

    public static OrtModel Export(string checkpointFolder, OnnxExportOptions options)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(checkpointFolder, folder["model.onnx"], options);
        return new(File.ReadAllBytes(folder["model.onnx"]));
    }

    /// <summary>A model of seeded noise.</summary>
    public static OrtModel Export(MhcConfig config, OnnxOutputs outputs, int seed = 1)
    {
        using TemporaryFolder checkpoint = Fixtures.Temporary();
        SyntheticCheckpoint.Write(checkpoint.Path, config, seed);
        return Export(checkpoint.Path, outputs);
    }

    public static long[] Range(int start, int count) => [.. Enumerable.Range(start, count).Select(position => (long)position)];

    /// <summary>[batch][tokens] ids → logits, flattened.</summary>
    public float[] Logits(int[][] tokens) => Run(("input_ids", Flat(tokens), [tokens.Length, tokens[0].Length]));

    public float[] Scores(int[][] tokens, long[] positions, long[] targets) => Run(ScoringInputs(tokens, positions, targets));

    /// <summary>All that a scoring graph gives, by name.</summary>
    public IReadOnlyDictionary<string, (long[] Shape, double[] Values)> ScoreOutputs(int[][] tokens, long[] positions, long[] targets) =>
        Run(ScoringInputs(tokens, positions, targets), results => _session.OutputNames.Zip(results,
            (name, value) => KeyValuePair.Create(name, (value.GetTensorTypeAndShape().Shape, Doubles(value)))).ToDictionary());

    /// <summary>The shape of every output, by name.</summary>
    public IReadOnlyDictionary<string, long[]> Shapes(params (string Name, long[] Values, long[] Shape)[] inputs) =>
        Run(inputs, results => _session.OutputNames.Zip(results, (name, value) => (name, value.GetTensorTypeAndShape().Shape))
            .ToDictionary(output => output.name, output => output.Shape));

    public void Dispose() => _session.Dispose();

    private static double[] Doubles(OrtValue value) => value.GetTensorTypeAndShape().ElementDataType == TensorElementType.Int64
        ? [.. value.GetTensorDataAsSpan<long>().ToArray().Select(integer => (double)integer)]
        : TensorAssert.Doubles(value.GetTensorDataAsSpan<float>());

    private static (string Name, long[] Values, long[] Shape)[] ScoringInputs(int[][] tokens, long[] positions, long[] targets) =>
    [
        ("input_ids", Flat(tokens), [tokens.Length, tokens[0].Length]),
        ("positions", positions, [positions.Length]),
        ("targets", targets, [targets.Length]),
    ];

    private static long[] Flat(int[][] tokens) => [.. tokens.SelectMany(sequence => sequence.Select(token => (long)token))];

    private float[] Run(params (string Name, long[] Values, long[] Shape)[] inputs) =>
        Run(inputs, results => results[0].GetTensorDataAsSpan<float>().ToArray());

    private T Run<T>((string Name, long[] Values, long[] Shape)[] inputs, Func<IReadOnlyList<OrtValue>, T> read)
    {
        OrtValue[] values = [.. inputs.Select(input => OrtValue.CreateTensorValueFromMemory(input.Values, input.Shape))];
        try
        {
            using var options = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> results =
                _session.Run(options, [.. inputs.Select(input => input.Name)], values, _session.OutputNames);
            return read(results);
        }
        finally
        {
            foreach (OrtValue value in values)
                value.Dispose();
        }
    }
}
