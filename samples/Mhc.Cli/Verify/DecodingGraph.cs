using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Verify;

/// <summary>
/// input_ids, attention_mask, position_ids, past_key_values → logits, present: run in two steps, so that the second reads the keys and
/// values that the first has left.
/// </summary>
internal sealed class DecodingGraph : GraphKind
{
    private const string Past = "past_key_values.", Present = "present.";

    public override string Output => "logits";

    public override IReadOnlyDictionary<string, double[]> Run(InferenceSession session, int[][] tokens, IReadOnlyList<string> outputs)
    {
        string[] caches = [.. session.InputNames.Where(name => name.StartsWith(Past, StringComparison.Ordinal))];
        string[] kept = [.. caches.Select(name => $"{Present}{name[Past.Length..]}")];
        int length = tokens[0].Length, first = (length + 1) / 2;
        using var nothing = new DisposableList<OrtValue>(caches.Select(name => Empty(session.InputMetadata[name], tokens.Length)));
        using IDisposableReadOnlyCollection<OrtValue> before = Step(session, tokens, ..first, caches, nothing, [.. outputs, .. kept]);
        if (first == length)
            return outputs.Zip(before).ToDictionary(value => value.First, value => Doubles(value.Second));
        OrtValue[] past = [.. before.Skip(outputs.Count)];
        using IDisposableReadOnlyCollection<OrtValue> after = Step(session, tokens, first.., caches, past, outputs);
        return outputs.Index().ToDictionary(output => output.Item, output =>
            Joined(Doubles(before[output.Index]), Doubles(after[output.Index]), tokens.Length));
    }

    public override double[] Expected(int[][] tokens, double[][][] logits) => [.. logits.SelectMany(rows => rows).SelectMany(row => row)];

    protected override bool Fits(InferenceSession session) => session.InputNames.Contains($"{Past}0.key");

    private static IDisposableReadOnlyCollection<OrtValue> Step(InferenceSession session, int[][] tokens, Range part, string[] caches,
        IReadOnlyCollection<OrtValue> past, IReadOnlyCollection<string> outputs)
    {
        (int start, int count) = part.GetOffsetAndLength(tokens[0].Length);
        int batch = tokens.Length, total = start + count;
        using var own = new DisposableList<OrtValue>(
        [
            InputIds([.. tokens.Select(sequence => sequence[part])]).Value,
            Integers(Enumerable.Repeat(1, batch * total), batch, total),
            Integers(Enumerable.Range(0, batch * count).Select(i => start + (i % count)), batch, count),
        ]);
        using var options = new RunOptions();
        return session.Run(options, ["input_ids", "attention_mask", "position_ids", .. caches], [.. own, .. past], outputs);
    }

    // [batch, heads, 0, head size]: no token was before the first.
    private static OrtValue Empty(NodeMetadata cache, int batch) => OrtValue.CreateAllocatedTensorValue(
        OrtAllocator.DefaultInstance, cache.ElementDataType, [batch, cache.Dimensions[1], 0, cache.Dimensions[3]]);

    // The rows of each sequence's first tokens, then those of its others.
    private static double[] Joined(double[] before, double[] after, int batch) =>
    [
        .. before.Chunk(before.Length / batch).Zip(after.Chunk(after.Length / batch))
            .SelectMany(sequence => sequence.First.Concat(sequence.Second)),
    ];
}
