using System.Globalization;
using System.Text.Json;

namespace Mhc.Cli.Score.Tables;

/// <summary>Writes rows with their scores. Disposing it writes what is left; the stream stays open.</summary>
internal abstract class TableWriter : IDisposable
{
    /// <param name="row">A good row.</param>
    /// <param name="scores">A value for each of the layout's scores.</param>
    public abstract void Write(InputRow row, object?[] scores);

    public abstract void Dispose();

    /// <summary>A value where there are only texts; null for none.</summary>
    protected static string? TextOf(object? value) => value switch
    {
        null or JsonElement { ValueKind: JsonValueKind.Null } => null,
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } json => json.GetString(),
        JsonElement json => json.GetRawText(),
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture),
        byte[] bytes => Convert.ToBase64String(bytes),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
