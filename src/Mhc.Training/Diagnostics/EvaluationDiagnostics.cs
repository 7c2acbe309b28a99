using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>What is recorded of the residual streams at an evaluation: the <c>diagnostics</c> of docs/metrics.md.</summary>
/// <param name="Matrices">Of H_res, h_pre and h_post; null where they depend on the input or are not there.</param>
/// <param name="Streams">Of the activations; null with a plain residual.</param>
/// <param name="GradNorm">Of the logits' gradients; null before the first update.</param>
internal sealed record EvaluationDiagnostics(
    StreamMatrixDiagnostics? Matrices, StreamDiagnostics? Streams, GradientDiagnostics? GradNorm)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new SixDigits() },
    };

    /// <summary>The diagnostics of a model, or null with a plain residual.</summary>
    /// <param name="streams">What was seen of a validation batch.</param>
    /// <param name="clipRatio">What the last update's gradients were multiplied by.</param>
    public static EvaluationDiagnostics? Of(MhcModel model, StreamDiagnostics? streams, double clipRatio)
    {
        if (model.Mhc is not { } mhc)
            return streams is null ? null : new(null, streams, null);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        StaticMhc.Matrices h = mhc.Project();
        int s = model.Config.Streams;
        string[] sublayers = [.. ParameterTable.Sublayers(model.Config)];
        return new(
            StreamMatrixDiagnostics.Of(
                [.. Values(h.HPre, s)], [.. Values(h.HRes, s * s).Select(MatrixMath.Square)], [.. Values(h.HPost, s)],
                mhc.Alpha() is { } alpha ? [.. Values(alpha, 1).Select(value => value[0])] : null),
            streams,
            GradientDiagnostics.Of(model.Parameters, sublayers, clipRatio));

        IEnumerable<double[]> Values(Tensor batch, int size) =>
            batch.to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray().Chunk(size);
    }

    /// <summary>As it stands in <c>metrics.jsonl</c>, numbers with six digits.</summary>
    public JsonObject ToJson() => (JsonObject)JsonSerializer.SerializeToNode(this, Json)!;

    // More would only make the file long: a line of 96 sublayers has some 2,000 numbers.
    private sealed class SixDigits : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteRawValue(FormattableString.Invariant($"{value:g6}"));
            else
                writer.WriteNullValue();
        }
    }
}
