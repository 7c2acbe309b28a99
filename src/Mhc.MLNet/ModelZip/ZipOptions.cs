using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mhc.MLNet.ModelZip;

/// <summary>The options in the zip: where a model in the zip was on the disk of whoever saved it stays out of it.</summary>
internal static class ZipOptions
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower), new PrefixConverter() },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public static string Write(MhcScoringOptions options) =>
        JsonSerializer.Serialize(options.ModelInZip ? options with { ModelPath = ScoringModelZip.ModelEntry } : options, Format);

    public static MhcScoringOptions Read(string json)
    {
        try
        {
            MhcScoringOptions options =
                JsonSerializer.Deserialize<MhcScoringOptions>(json, Format) ?? throw new JsonException("Expected an object.");
            options.Validate();
            return options;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InvalidDataException(
                $"The options of the mHC text scorer in the zip are {json}: {e.Message} Fit and save the pipeline again.", e);
        }
    }

    // "model", "none" or an id.
    private sealed class PrefixConverter : JsonConverter<MhcPrefix>
    {
        public override MhcPrefix Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.Number when reader.TryGetInt32(out int id) && id >= 0 => MhcPrefix.Token(id),
            JsonTokenType.String when reader.ValueTextEquals("model") => MhcPrefix.OfModel,
            JsonTokenType.String when reader.ValueTextEquals("none") => MhcPrefix.None,
            _ => throw new JsonException("`prefix` is not \"model\", \"none\" or a token's id."),
        };

        public override void Write(Utf8JsonWriter writer, MhcPrefix value, JsonSerializerOptions options)
        {
            if (value.Id is int id)
                writer.WriteNumberValue(id);
            else
                writer.WriteStringValue(value == MhcPrefix.OfModel ? "model" : "none");
        }
    }
}
