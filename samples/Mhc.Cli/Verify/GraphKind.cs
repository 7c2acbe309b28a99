using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Verify;

/// <summary>One kind of exported graph: what it is given, and what it should give. A further kind is a class and its line here.</summary>
internal abstract class GraphKind
{
    private static readonly GraphKind[] Kinds = [new ScoringGraph(), new LogitsGraph()];

    /// <summary>The output that is compared.</summary>
    public abstract string Output { get; }

    /// <exception cref="InvalidDataException">The inputs are those of no kind.</exception>
    public static GraphKind Of(InferenceSession session, string path) => Kinds.FirstOrDefault(kind => kind.Fits(session))
        ?? throw new InvalidDataException($"{path}: the inputs are {string.Join(", ", session.InputNames)}; expected those of a graph that "
            + "`mhc export` writes. Verify it with the version of mhc that exported it.");

    /// <summary>Runs sequences of equal length; gives values by name, those of the first sequence's first token first.</summary>
    /// <param name="outputs">What to give: the kind's own output, or what a traced model gives besides.</param>
    public abstract IReadOnlyDictionary<string, double[]> Run(InferenceSession session, int[][] tokens, IReadOnlyList<string> outputs);

    /// <summary>What <see cref="Output"/> should be where the logits are these, [sequence][token][vocabulary].</summary>
    public abstract double[] Expected(int[][] tokens, double[][][] logits);

    protected abstract bool Fits(InferenceSession session);

    protected static IReadOnlyDictionary<string, double[]> Run(
        InferenceSession session, IReadOnlyList<string> outputs, params (string Name, long[] Values, long[] Shape)[] inputs)
    {
        OrtValue[] values = [.. inputs.Select(input => OrtValue.CreateTensorValueFromMemory(input.Values, input.Shape))];
        try
        {
            using var options = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> results =
                session.Run(options, [.. inputs.Select(input => input.Name)], values, outputs);
            return outputs.Zip(results).ToDictionary(result => result.First, result => Doubles(result.Second));
        }
        finally
        {
            foreach (OrtValue value in values)
                value.Dispose();
        }
    }

    protected static (string Name, long[] Values, long[] Shape) InputIds(int[][] tokens) =>
        ("input_ids", [.. tokens.SelectMany(sequence => sequence).Select(id => (long)id)], [tokens.Length, tokens[0].Length]);

    private static double[] Doubles(OrtValue value) =>
        value.GetTensorTypeAndShape().ElementDataType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float16
            ? Array.ConvertAll(value.GetTensorDataAsSpan<Float16>().ToArray(), element => (double)(float)element)
            : Array.ConvertAll(value.GetTensorDataAsSpan<float>().ToArray(), element => (double)element);
}

/// <summary>input_ids → logits.</summary>
internal sealed class LogitsGraph : GraphKind
{
    public override string Output => "logits";

    public override IReadOnlyDictionary<string, double[]> Run(InferenceSession session, int[][] tokens, IReadOnlyList<string> outputs) =>
        Run(session, outputs, InputIds(tokens));

    public override double[] Expected(int[][] tokens, double[][][] logits) => [.. logits.SelectMany(rows => rows).SelectMany(row => row)];

    protected override bool Fits(InferenceSession session) => session.InputNames is ["input_ids"];
}

/// <summary>input_ids, positions, targets → logprobs. Every token is scored with the one after it.</summary>
internal sealed class ScoringGraph : GraphKind
{
    public override string Output => "logprobs";

    public override IReadOnlyDictionary<string, double[]> Run(InferenceSession session, int[][] tokens, IReadOnlyList<string> outputs)
    {
        int length = tokens[0].Length;
        long[] positions = [.. Scored(tokens).Select(at => (long)(at.Sequence * length + at.Token))];
        long[] targets = [.. Scored(tokens).Select(at => (long)at.Target)];
        return Run(session, outputs, InputIds(tokens), ("positions", positions, [positions.Length]), ("targets", targets, [targets.Length]));
    }

    public override double[] Expected(int[][] tokens, double[][][] logits) =>
        [.. Scored(tokens).Select(at => LogProbability(logits[at.Sequence][at.Token], at.Target))];

    protected override bool Fits(InferenceSession session) =>
        session.InputNames.Order().SequenceEqual(["input_ids", "positions", "targets"]);

    // The last token's target is the sequence's first, so that a sequence of one token is scored, too.
    private static IEnumerable<(int Sequence, int Token, int Target)> Scored(int[][] tokens) =>
        tokens.Index().SelectMany(sequence => sequence.Item.Index().Select(
            token => (sequence.Index, token.Index, sequence.Item[(token.Index + 1) % sequence.Item.Length])));

    private static double LogProbability(double[] logits, int target)
    {
        double largest = logits.Max();
        return logits[target] - largest - Math.Log(logits.Sum(logit => Math.Exp(logit - largest)));
    }
}
