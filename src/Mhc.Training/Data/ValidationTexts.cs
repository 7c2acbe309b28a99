namespace Mhc.Training;

/// <summary>The texts of a validation part, each to be scored on its own.</summary>
/// <param name="Unit"><c>line</c> or <c>document</c>.</param>
/// <param name="Texts">None of them empty.</param>
internal sealed record ValidationTexts(string Unit, string[] Texts)
{
    public static ValidationTexts Lines(IEnumerable<string> pieces) =>
        new("line", [.. pieces.SelectMany(piece => piece.Split('\n')).Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0)]);
}
