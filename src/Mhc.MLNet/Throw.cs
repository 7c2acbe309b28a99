using System.Diagnostics.CodeAnalysis;

namespace Mhc.MLNet;

/// <summary>The messages that more than one place throws: what was found, where, what was expected, what to do.</summary>
internal static class Throw
{
    public const string ExportAgain = "Export the checkpoint again with `mhc export`.";

    [DoesNotReturn]
    public static void InvalidData_Metadata(string source, string key, string found, string expected) =>
        throw new InvalidDataException($"{source}: metadata `{key}` is {Shorten(found)}, expected {expected}. {ExportAgain}");

    [DoesNotReturn]
    public static void InvalidData_Tokenizer(string source, string problem) =>
        throw new InvalidDataException($"{source}: `mhc.tokenizer`: {problem} {ExportAgain}");

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
