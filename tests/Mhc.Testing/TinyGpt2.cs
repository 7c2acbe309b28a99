using System.Text.Json;

namespace Mhc.Testing;

/// <summary>A byte-pair encoding in GPT-2's files, of the bytes and a few merges.</summary>
public static class TinyGpt2
{
    /// <summary>The id of &lt;|endoftext|&gt;: 256 bytes and 6 merges come before.</summary>
    public const int EndOfText = 262;

    private static readonly string[] Merges = ["t h", "th e", "Ġ the", "Ġ a", "Ċ Ċ", "Ã ©"];

    /// <summary>Writes vocab.json and merges.txt.</summary>
    public static string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        string[] tokens = [.. Bytes(), .. Merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)), "<|endoftext|>"];
        File.WriteAllText(Path.Combine(folder, "vocab.json"),
            JsonSerializer.Serialize(tokens.Index().ToDictionary(token => token.Item, token => token.Index)));
        File.WriteAllLines(Path.Combine(folder, "merges.txt"), ["#version: 0.2", .. Merges, ""]);
        return folder;
    }

    // In the order of their values; GPT-2 itself has another order.
    private static IEnumerable<string> Bytes()
    {
        int next = 256;
        for (int value = 0; value < 256; value++)
            yield return ((char)(value is (> ' ' and <= '~') or (> 0xA0 and not 0xAD) ? value : next++)).ToString();
    }
}
