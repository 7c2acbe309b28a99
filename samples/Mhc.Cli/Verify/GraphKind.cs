using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Mhc.Cli.Verify;

/// <summary>One kind of exported graph: what it is given, and what it should give. A further kind is a class and its line here.</summary>
internal abstract class GraphKind
{
    private static readonly GraphKind[] Kinds = [new ScoringGraph(), new LogitsGraph(), new DecodingGraph()];

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
        InferenceSession session, IReadOnlyList<string> outputs, params (string Name, OrtValue Value)[] inputs)
    {
        using var options = new RunOptions();
        using var values = new DisposableList<OrtValue>(inputs.Select(input => input.Value));
        using IDisposableReadOnlyCollection<OrtValue> results =
            session.Run(options, [.. inputs.Select(input => input.Name)], values, outputs);
        return outputs.Zip(results).ToDictionary(result => result.First, result => Doubles(result.Second));
    }

    protected static OrtValue Integers(IEnumerable<int> values, params long[] shape) =>
        OrtValue.CreateTensorValueFromMemory(values.Select(value => (long)value).ToArray(), shape);

    protected static (string Name, OrtValue Value) InputIds(int[][] tokens) =>
        ("input_ids", Integers(tokens.SelectMany(sequence => sequence), tokens.Length, tokens[0].Length));

    protected static double[] Doubles(OrtValue value) =>
        value.GetTensorTypeAndShape().ElementDataType == TensorElementType.Float16
            ? Array.ConvertAll(value.GetTensorDataAsSpan<Float16>().ToArray(), element => (double)(float)element)
            : Array.ConvertAll(value.GetTensorDataAsSpan<float>().ToArray(), element => (double)element);
}
