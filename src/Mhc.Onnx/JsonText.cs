using System.Text.Json;

namespace Mhc.Onnx;

internal static class JsonText
{
    /// <summary>Parses a file, or a part of it, that holds one JSON object.</summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, string where)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{where}: not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}. "
                + "Expected one JSON object.", e);
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        using (document)
            throw new InvalidDataException(
                $"{where}: found a JSON {document.RootElement.ValueKind.ToString().ToLowerInvariant()}, expected an object.");
    }

    /// <summary>The name of a choice in a file: <c>mhc_dynamic</c>.</summary>
    public static string SnakeCase<T>(T member) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(member.ToString());

    /// <summary>A value as it stands in the file, short enough for a message.</summary>
    public static string Excerpt(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= 40 ? text : $"{text[..40]}…";
    }
}
