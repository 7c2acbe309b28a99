using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mhc.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.Cli.Verify;

/// <summary>An exported model in ONNX Runtime on the CPU, beside the checkpoint that it was made of.</summary>
internal sealed class Verifier : IDisposable
{
    private readonly string _checkpoint, _model, _precision;
    private readonly double _tolerance;
    private readonly InferenceSession _session;
    private readonly GraphKind _graph;

    private Verifier(string checkpoint, string model, OnnxModelSummary summary)
    {
        (_checkpoint, _model) = (checkpoint, model);
        _precision = JsonSerializer.Deserialize<string>(summary.Metadata["mhc.precision"])!;
        _tolerance = Precision.ToleranceOf(_precision, model);
        using SessionOptions options = Options();
        _session = new InferenceSession(model, options);
        _graph = GraphKind.Of(_session, model);
    }

    /// <summary>The output that is compared.</summary>
    public string Output => _graph.Output;

    /// <summary>Opens a model that is known to be made of the checkpoint.</summary>
    /// <exception cref="InvalidDataException">The model is damaged.</exception>
    public static Verifier Open(string checkpoint, string model) => new(checkpoint, model, OnnxModelSummary.Read(model));

    /// <summary>Opens a model, and requires that it was made of the checkpoint.</summary>
    /// <exception cref="InvalidDataException">One of the files is damaged, or they do not belong together.</exception>
    public static Verifier OpenPair(string checkpoint, string model)
    {
        OnnxModelSummary summary = OnnxModelSummary.Read(model);
        Checkpoint.Open(checkpoint);
        RequireMadeOf(checkpoint, model, summary);
        return new(checkpoint, model, summary);
    }

    /// <summary>The graph's output beside a witness's logits, [sequence][token][vocabulary].</summary>
    public Comparison CompareOutput(TestTokens tokens, string witness, double[][][] logits) => Comparison.Of(tokens.Name, _graph.Output,
        witness, _graph.Expected(tokens.Sequences, logits), _graph.Run(_session, tokens.Sequences, [_graph.Output])[_graph.Output]);

    /// <summary>What each sublayer's branch gives beside what it gives in the reference.</summary>
    public IEnumerable<Comparison> CompareLayers(TestTokens tokens, ReferenceTrace[] traces)
    {
        TracedModel traced = TracedModel.Read(_model);
        using SessionOptions options = Options();
        options.AddSessionConfigEntry(
            "session.model_external_initializers_file_folder_path", Path.GetDirectoryName(Path.GetFullPath(_model))!);
        using var session = new InferenceSession(traced.Model.ToArray(), options);
        IReadOnlyDictionary<string, double[]> outputs =
            _graph.Run(session, tokens.Sequences, [.. traced.BranchOutputs.Select(branch => branch.Output)]);
        foreach ((string module, string output) in traced.BranchOutputs)
        {
            double[] expected = [.. traces.SelectMany(trace => trace.BranchOutputs.Single(branch => branch.Module == module).Output)
                .SelectMany(row => row)];
            yield return Comparison.Of(tokens.Name, module, Witnesses.Reference, expected, outputs[output]);
        }
    }

    /// <summary>What a comparison may differ by.</summary>
    public double Allowed(Comparison comparison) => comparison.Allowed(_tolerance);

    /// <summary>Tells the first comparison, in the order of the forward pass, that is over the tolerance.</summary>
    /// <exception cref="InvalidDataException">There is one.</exception>
    public void ThrowIfApart(IEnumerable<Comparison> comparisons)
    {
        if (comparisons.FirstOrDefault(comparison => !(comparison.Difference <= Allowed(comparison))) is { } apart)
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                $"{_model}: does not compute what {_checkpoint} does. The first that differs is {apart.Value}, on {apart.Tokens}: "
                + $"{apart.Difference:g2} from {apart.Witness}, where {_precision} allows {Allowed(apart):g2}. "
                + $"Export the checkpoint again; if it differs again, this is a mistake of the exporter: please report it with the checkpoint's config.json."));
    }

    /// <summary>What was found, where nothing is over the tolerance.</summary>
    public string Describe(IReadOnlyList<Comparison> comparisons)
    {
        Comparison worst = comparisons.Where(comparison => comparison.Value == Output).MaxBy(comparison => comparison.Difference)!;
        return string.Create(CultureInfo.InvariantCulture,
            $"{Output} within {worst.Difference:g2} of {worst.Witness}; {_precision} allows {Allowed(worst):g2}.");
    }

    public void Dispose() => _session.Dispose();

    // What the runtime would rather have is not the question here.
    private static SessionOptions Options() => new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };

    private static void RequireMadeOf(string checkpoint, string model, OnnxModelSummary summary)
    {
        string weights = Path.Combine(checkpoint, "model.safetensors");
        string found = JsonSerializer.Deserialize<string>(summary.Metadata["mhc.weights_sha256"])!, expected = Sha256(weights);
        if (found != expected)
            throw new InvalidDataException($"{model}: exported from weights whose SHA-256 is {found}, but that of {weights} is {expected}. "
                + "Name the checkpoint that it was exported from, or export this one.");
        JsonNode? config = JsonNode.Parse(File.ReadAllText(Path.Combine(checkpoint, "config.json")));
        if (!JsonNode.DeepEquals(JsonNode.Parse(summary.Metadata["mhc.config"]), config))
            throw new InvalidDataException($"{model}: its `mhc.config` is not what {Path.Combine(checkpoint, "config.json")} says. "
                + "The file was changed since: export the checkpoint again.");
    }

    private static string Sha256(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
