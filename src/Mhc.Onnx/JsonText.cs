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
            throw new InvalidDataException($"{where}: not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}; "
                + "expected one object.", e);
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        using (document)
            throw new InvalidDataException($"{where}: found {Excerpt(document.RootElement)}; expected an object.");
    }

    /// <summary>A value as it stands in the file, short enough for a message.</summary>
    public static string Excerpt(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= 40 ? text : $"{text[..40]}…";
    }
}
