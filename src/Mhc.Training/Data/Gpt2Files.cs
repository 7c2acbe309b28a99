using System.Text.Json;

namespace Mhc.Training;

/// <summary>
/// GPT-2's tokenizer as published: <c>vocab.json</c>, token to id, and <c>merges.txt</c>, pairs in the order in which they are merged.
/// </summary>
internal static class Gpt2Files
{
    public const string EndOfText = "<|endoftext|>";

    private static readonly Uri Hub = new("https://huggingface.co/openai-community/gpt2/resolve/607a30d783dfa663caf39e06633721c8d4cfcd7e/");
    private static readonly (string Name, string Sha256)[] Files =
    [
        ("vocab.json", "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"),
        ("merges.txt", "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"),
    ];

    /// <summary>What the 256 bytes are called: printable ones by themselves, the others by the code points from 256 on.</summary>
    public static string[] ByteSymbols { get; } = [.. Symbols()];

    /// <summary>The user's cache folder with both files in it, downloaded if need be.</summary>
    public static string Cached()
    {
        using var download = new FileDownload(tries: 3); // Who has no network should learn it soon.
        string cache = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create);
        return Cached(Path.Combine(cache, "mhc", "gpt2"), Hub, download);
    }

    public static string Cached(string folder, Uri hub, FileDownload download)
    {
        try
        {
            foreach ((string name, string sha256) in Files.Where(file => !File.Exists(Path.Combine(folder, file.Name))))
                download.Get(new Uri(hub, name), Path.Combine(folder, name), sha256).GetAwaiter().GetResult();
            return folder;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new IOException("GPT-2's tokenizer needs vocab.json and merges.txt, which cannot be downloaded. " + e.Message
                + $" Without a network: put the two files in {folder}, or name a folder that holds them with --tokenizer-folder.", e);
        }
    }

    /// <summary>The tokens in the order of their ids, and the merges.</summary>
    public static (string[] Vocabulary, string[] Merges) Read(string folder)
    {
        string vocabPath = Path.Combine(folder, "vocab.json"), mergesPath = Path.Combine(folder, "merges.txt");
        foreach (string path in new[] { vocabPath, mergesPath }.Where(path => !File.Exists(path)))
            throw new FileNotFoundException($"{path}: no such file. Expected a folder with GPT-2's vocab.json and merges.txt.", path);
        string[] vocabulary = ReadVocabulary(vocabPath);
        string[] merges = [.. File.ReadLines(mergesPath).SkipWhile(line => line.StartsWith("#version", StringComparison.Ordinal))
            .Where(line => line.Length > 0)];
        Throw.InvalidData_IfAny(Problems(vocabulary, merges)
            .Select(problem => $"{folder}: {problem} Expected the vocab.json and merges.txt of GPT-2, from the same place."));
        return (vocabulary, merges);
    }

    /// <summary>What keeps these from being a byte-level byte-pair encoding for every text; the first fault of each kind.</summary>
    public static IEnumerable<string> Problems(string[] vocabulary, string[] merges)
    {
        HashSet<string> tokens = [.. vocabulary], seen = [];
        if (Array.Find(vocabulary, token => token.Length == 0 || !seen.Add(token)) is { } wrong)
            yield return $"`vocabulary` has {JsonSerializer.Serialize(wrong)} twice or empty.";
        if (Array.FindIndex(ByteSymbols, symbol => !tokens.Contains(symbol)) is >= 0 and int missing)
            yield return $"`vocabulary` lacks \"{ByteSymbols[missing]}\", which stands for byte {missing}.";
        if (!tokens.Contains(EndOfText))
            yield return $"`vocabulary` lacks \"{EndOfText}\".";
        if (Array.Find(merges, merge => merge.Split(' ') is not [string left, string right]
            || !tokens.Contains(left) || !tokens.Contains(right) || !tokens.Contains(left + right)) is { } unknown)
        {
            yield return $"`merges` has {JsonSerializer.Serialize(unknown)}, expected two tokens whose join is a token.";
        }
    }

    private static string[] ReadVocabulary(string path)
    {
        Dictionary<string, int> ids;
        try
        {
            ids = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllBytes(path))!;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: line {e.LineNumber + 1} is not JSON of tokens and their ids. "
                + "Expected GPT-2's vocab.json.", e);
        }
        string[] vocabulary = [.. ids.OrderBy(token => token.Value).Select(token => token.Key)];
        if (vocabulary.Index().Any(token => ids[token.Item] != token.Index))
            throw new InvalidDataException($"{path}: the ids of its {vocabulary.Length} tokens are not 0 to {vocabulary.Length - 1}.");
        return vocabulary;
    }

    private static IEnumerable<string> Symbols()
    {
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            yield return ((char)(printable ? value : next++)).ToString();
        }
    }
}
