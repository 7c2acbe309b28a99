using Mhc.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Bench;

/// <summary>A graph and what it is given and gives, the same in every run: random tokens.</summary>
internal sealed class GraphRun : IDisposable
{
    private const string Past = "past_key_values.", Present = "present.";

    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly (string[] Names, OrtValue[] Values) _inputs, _outputs;

    private GraphRun(InferenceSession session, (string, OrtValue)[] inputs, (string, OrtValue)[] outputs) =>
        (_session, _inputs, _outputs) = (session, Unzip(inputs), Unzip(outputs));

    /// <param name="session">The graph of the variant.</param>
    /// <param name="variant">Scores or decodes.</param>
    /// <param name="size">New tokens: all of them are scored.</param>
    /// <param name="past">Tokens before them, which the decoder has in its cache and the scoring graph runs again.</param>
    /// <param name="vocabSize">V</param>
    public static GraphRun Of(InferenceSession session, GraphVariant variant, GraphSize size, int past, int vocabSize) =>
        variant.Options.Outputs == OnnxOutputs.Decoder ? Decoding(session, size, past, vocabSize) : Scoring(session, size, past, vocabSize);

    public void Run() => _session.Run(_options, _inputs.Names, _inputs.Values, _outputs.Names, _outputs.Values);

    public void Dispose()
    {
        foreach (OrtValue value in _inputs.Values.Concat(_outputs.Values))
            value.Dispose();
        _options.Dispose();
    }

    // What `mhc score` does for one batch of texts.
    private static GraphRun Scoring(InferenceSession session, GraphSize size, int past, int vocabSize)
    {
        int length = past + size.Tokens, scored = size.Batch * size.Tokens;
        long[] positions = [.. Range(size.Batch * length).Where(position => position % length >= past)];
        return new(session,
            [
                ("input_ids", Tensor(Random(size.Batch * length, vocabSize), size.Batch, length)),
                ("positions", Tensor(positions, scored)),
                ("targets", Tensor(Random(scored, vocabSize), scored)),
            ],
            [("logprobs", Tensor(new float[scored], scored))]);
    }

    // A step of generation, which reads the logits of the last token.
    private static GraphRun Decoding(InferenceSession session, GraphSize size, int past, int vocabSize)
    {
        int tokens = size.Batch * size.Tokens, length = past + size.Tokens;
        string[] caches = [.. session.InputNames.Where(name => name.StartsWith(Past, StringComparison.Ordinal))];
        return new(session,
            [
                ("input_ids", Tensor(Random(tokens, vocabSize), size.Batch, size.Tokens)),
                ("attention_mask", Tensor(Enumerable.Repeat(1L, size.Batch * length).ToArray(), size.Batch, length)),
                ("position_ids", Tensor([.. Range(tokens).Select(token => past + (token % size.Tokens))], size.Batch, size.Tokens)),
                ("num_logits_to_keep", Tensor([1L])),
                .. caches.Select(name => (name, Cache(name, past))),
            ],
            [
                ("logits", Tensor(new float[size.Batch * vocabSize], size.Batch, 1, vocabSize)),
                .. caches.Select(name => ($"{Present}{name[Past.Length..]}", Cache(name, length))),
            ]);

        OrtValue Cache(string name, int filled)
        {
            NodeMetadata cache = session.InputMetadata[name];
            var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, cache.ElementDataType,
                [size.Batch, cache.Dimensions[1], filled, cache.Dimensions[3]]);
            value.GetTensorMutableRawData().Clear(); // Memory as it comes may hold numbers that are slow to compute with.
            return value;
        }
    }

    private static long[] Random(int count, int vocabSize)
    {
        var random = new Random(1);
        return [.. Range(count).Select(_ => (long)random.Next(vocabSize))];
    }

    private static IEnumerable<long> Range(int count) => Enumerable.Range(0, count).Select(i => (long)i);

    private static OrtValue Tensor<T>(T[] values, params long[] shape) where T : unmanaged =>
        OrtValue.CreateTensorValueFromMemory(values, shape);

    private static (string[] Names, OrtValue[] Values) Unzip((string Name, OrtValue Value)[] values) =>
        ([.. values.Select(value => value.Name)], [.. values.Select(value => value.Value)]);
}
