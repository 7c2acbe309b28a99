using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Generation;

/// <summary>
/// The decoding graph, run after run. The keys and values that one run gives are the inputs of the next: they stay where the model runs and
/// are never copied.
/// </summary>
/// <param name="session">An open decoder.</param>
/// <param name="cacheMemory">Where the keys and values are kept.</param>
internal sealed class DecodingRun(InferenceSession session, OrtMemoryInfo cacheMemory) : IDisposable
{
    private const string Past = "past_key_values.", Present = "present.";

    private readonly string[] _pastNames =
        [.. session.InputNames.Where(name => name.StartsWith(Past, StringComparison.Ordinal))];
    private OrtValue[] _cache = [];

    /// <summary>Runs the tokens that follow those of the runs before.</summary>
    /// <param name="ids">(B, T)</param>
    /// <param name="mask">(B, all tokens so far): 0 for padding.</param>
    /// <param name="positions">(B, T)</param>
    /// <param name="batch">B</param>
    /// <param name="options">Ends the run where a cancellation sets its flag.</param>
    /// <returns>The logits after the last token of each row, (B, V); the caller disposes them.</returns>
    public OrtValue Run(Memory<long> ids, Memory<long> mask, Memory<long> positions, int batch, RunOptions options)
    {
        if (_cache.Length == 0)
            _cache = [.. _pastNames.Select(name => Empty(session.InputMetadata[name], batch))];
        OrtMemoryInfo cpu = OrtMemoryInfo.DefaultInstance;
        using OrtValue idsValue = Matrix(ids), maskValue = Matrix(mask), positionsValue = Matrix(positions);
        using var one = OrtValue.CreateTensorValueFromMemory((long[])[1], []);
        using OrtIoBinding binding = session.CreateIoBinding();
        binding.BindInput("input_ids", idsValue);
        binding.BindInput("attention_mask", maskValue);
        binding.BindInput("position_ids", positionsValue);
        binding.BindInput("num_logits_to_keep", one);
        binding.BindOutputToDevice("logits", cpu);
        foreach ((string name, OrtValue past) in _pastNames.Zip(_cache))
        {
            binding.BindInput(name, past);
            binding.BindOutputToDevice(Present + name[Past.Length..], cacheMemory);
        }

        session.RunWithBinding(options, binding);
        OrtValue[] outputs = [.. binding.GetOutputValues()]; // Logits, then the cache in the order of its inputs.
        Dispose();
        _cache = outputs[1..];
        return outputs[0];

        OrtValue Matrix(Memory<long> values) => OrtValue.CreateTensorValueFromMemory(cpu, values, [batch, values.Length / batch]);
    }

    public void Dispose()
    {
        foreach (OrtValue value in _cache)
            value.Dispose();
        _cache = [];
    }

    // No tokens yet: (B, H, 0, D).
    private static OrtValue Empty(NodeMetadata input, int batch) => OrtValue.CreateAllocatedTensorValue(
        OrtAllocator.DefaultInstance, input.ElementDataType, [batch, input.Dimensions[1], 0, input.Dimensions[3]]);
}
