using Mhc.Testing;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.Onnx.Tests;

/// <summary>An exported decoder in ONNX Runtime, with the keys and values of what it has seen.</summary>
internal sealed class OrtDecoder : IDisposable
{
    private readonly InferenceSession _session;
    private readonly string[] _past;
    private OrtValue[] _cache = [];

    private OrtDecoder(byte[] model)
    {
        _session = new(model);
        _past = [.. _session.InputNames.Where(name => name.StartsWith("past_key_values.", StringComparison.Ordinal))];
    }

    public static OrtDecoder Export(string checkpointFolder)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(checkpointFolder, folder["model.onnx"], new() { Outputs = OnnxOutputs.Decoder });
        return new(File.ReadAllBytes(folder["model.onnx"]));
    }

    public IReadOnlyList<string> Inputs => _session.InputNames;

    /// <summary>Runs the tokens that follow what was run since <see cref="Forget"/>.</summary>
    /// <param name="tokens">[batch][tokens]</param>
    /// <param name="mask">[batch][tokens before and these]: 0 for padding.</param>
    /// <param name="positions">[batch][tokens]</param>
    /// <param name="keep">The last tokens whose logits to give; all where it is null, as the input's absence says.</param>
    /// <returns>(batch, kept tokens, vocabulary)</returns>
    public float[] Run(int[][] tokens, int[][] mask, int[][] positions, int? keep = null)
    {
        if (_cache.Length == 0)
            _cache = [.. _past.Select(name => OrtValue.CreateTensorValueFromMemory(Array.Empty<float>(),
                [tokens.Length, _session.InputMetadata[name].Dimensions[1], 0, _session.InputMetadata[name].Dimensions[3]]))];
        List<(string Name, OrtValue Value)> inputs =
            [("input_ids", Matrix(tokens)), ("attention_mask", Matrix(mask)), ("position_ids", Matrix(positions))];
        if (keep is int count)
            inputs.Add(("num_logits_to_keep", OrtValue.CreateTensorValueFromMemory((long[])[count], [])));
        inputs.AddRange(_past.Zip(_cache));

        using var options = new RunOptions();
        // logits, then keys and values in the order of the inputs; the cache owns all but the first from here on.
        OrtValue[] outputs = [.. _session.Run(options, [.. inputs.Select(input => input.Name)], [.. inputs.Select(input => input.Value)],
            _session.OutputNames)];
        foreach ((_, OrtValue input) in inputs)
            input.Dispose();
        _cache = outputs[1..];
        using OrtValue logits = outputs[0];
        return logits.GetTensorDataAsSpan<float>().ToArray();
    }

    /// <summary>The keys and values in the cache, in the order of the outputs.</summary>
    public IEnumerable<float[]> Cache => _cache.Select(value => value.GetTensorDataAsSpan<float>().ToArray());

    public void Forget()
    {
        foreach (OrtValue value in _cache)
            value.Dispose();
        _cache = [];
    }

    public void Dispose()
    {
        Forget();
        _session.Dispose();
    }

    private static OrtValue Matrix(int[][] rows) => OrtValue.CreateTensorValueFromMemory(
        rows.SelectMany(row => row.Select(value => (long)value)).ToArray(), [rows.Length, rows[0].Length]);
}
