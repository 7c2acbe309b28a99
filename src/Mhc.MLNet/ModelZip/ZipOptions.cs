using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mhc.MLNet.ModelZip;

/// <summary>The options in the zip: where the model was on the disk of whoever saved it stays out of it.</summary>
internal static class ZipOptions
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public static string Write(MhcScoringOptions options) =>
        JsonSerializer.Serialize(options with { ModelPath = ScoringModelZip.ModelEntry }, Format);

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
}
