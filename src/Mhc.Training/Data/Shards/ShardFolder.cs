using System.Security.Cryptography;
using System.Text;

namespace Mhc.Training;

/// <summary>
/// A folder of shards: *train*.bin and *val*.bin, in the order of their names, and what `mhc prepare` or `mhc data` put beside them.
/// </summary>
internal sealed class ShardFolder : IDisposable
{
    private const int MostTokensForTexts = 1 << 20; // Some megabytes, from which the texts of an evaluation are taken.
    private const int FingerprintBytes = 1 << 16;

    private readonly List<ShardFile> _train = [], _validation = [];

    private ShardFolder(string folder, string? tokenizerFolder, TextTokenizer? tokenizer)
    {
        if (File.Exists(ShardManifest.PartialPathIn(folder)) && !File.Exists(ShardManifest.PathIn(folder)))
        {
            throw new InvalidDataException(
                $"{folder}: `mhc prepare` is not done with this folder. Give it the same command again to go on.");
        }
        string[] paths = [.. Directory.EnumerateFiles(folder, "*.bin").Where(path => IsOf(path, "train") || IsOf(path, "val"))
            .Order(StringComparer.Ordinal)];
        if (Array.Find(paths, path => IsOf(path, "train") && IsOf(path, "val")) is { } both)
        {
            throw new InvalidDataException(
                $"{both}: the name has both \"train\" and \"val\". Rename it, so that it tells which of them it is for.");
        }
        string tokenizerFile = Checkpoint.TokenizerFile(folder);
        Tokenizer = File.Exists(tokenizerFile) ? TextTokenizer.Read(tokenizerFile) : tokenizer ?? TextTokenizer.Gpt2(tokenizerFolder);
        try
        {
            foreach (string path in paths)
                (IsOf(path, "train") ? _train : _validation).Add(ShardFile.Open(path));
            foreach ((string part, List<ShardFile> shards) in new[] { ("train", _train), ("val", _validation) })
            {
                if (shards.Count == 0)
                {
                    throw new InvalidDataException(
                        $"{folder}: holds no *{part}*.bin. Expected shards to train on and shards for validation.");
                }
            }
            CheckManifest(folder);
        }
        catch
        {
            Dispose();
            throw;
        }
        Fingerprint = FingerprintOf(_train.Concat(_validation));
    }

    public TextTokenizer Tokenizer { get; }

    public TokenSequence Train => new ShardedTokens(_train, Tokenizer.VocabSize);

    public TokenSequence Validation => new ShardedTokens(_validation, Tokenizer.VocabSize);

    /// <summary>SHA-256 over each shard's name, length, beginning and end: hashing all would delay each start by minutes.</summary>
    public string Fingerprint { get; }

    public static bool IsOne(string path) => Directory.Exists(path)
        && (File.Exists(ShardManifest.PartialPathIn(path))
            || Directory.EnumerateFiles(path, "*.bin").Any(file => IsOf(file, "train") || IsOf(file, "val")));

    /// <param name="tokenizerFolder">GPT-2's files, for shards without a tokenizer.json.</param>
    /// <param name="tokenizer">What they are in instead, where it is known.</param>
    public static ShardFolder Open(string folder, string? tokenizerFolder, TextTokenizer? tokenizer) =>
        new(folder, tokenizerFolder, tokenizer);

    /// <summary>The documents at the beginning of the validation part, or its lines where no id stands between documents.</summary>
    public ValidationTexts ValidationTexts()
    {
        int[] ids = new int[Math.Min(MostTokensForTexts, _validation[0].Length)];
        Validation.ReadWindow(0, ids);
        var pieces = new List<string>();
        for (int start = 0, end; start < ids.Length; start = end + 1)
        {
            end = Tokenizer.PrefixTokenId is { } separator ? Array.IndexOf(ids, separator, start) : -1;
            end = end < 0 ? ids.Length : end;
            pieces.Add(Tokenizer.Decode(ids[start..end]));
        }
        // The tokenizers of bytes and characters have the newline between documents, so that theirs are lines.
        bool areDocuments = Tokenizer.Kind == TokenizerKind.Gpt2 && pieces.Count > 1;
        ValidationTexts found = areDocuments ? new("document", [.. pieces.Where(text => text.Length > 0)])
            : Training.ValidationTexts.Lines(pieces);
        return found.Texts.Length > 1 ? found with { Texts = found.Texts[..^1] } : found; // The last one may be cut off.
    }

    public void Dispose()
    {
        foreach (ShardFile shard in _train.Concat(_validation))
            shard.Dispose();
    }

    private static bool IsOf(string path, string part) => Path.GetFileName(path).Contains(part, StringComparison.Ordinal);

    private void CheckManifest(string folder)
    {
        string path = ShardManifest.PathIn(folder);
        if (!File.Exists(path))
            return;
        ShardManifest manifest = ShardManifest.Read(path);
        var found = _train.Concat(_validation).ToDictionary(shard => Path.GetFileName(shard.Path), shard => shard.Length);
        var problems = new List<string>();
        foreach (ShardManifest.ShardEntry shard in manifest.Shards.Where(shard => found.GetValueOrDefault(shard.File, -1) != shard.Tokens))
        {
            problems.Add(found.TryGetValue(shard.File, out int tokens) ? $"{shard.File} has {tokens} tokens, expected {shard.Tokens}."
                : $"{shard.File} is missing.");
        }
        problems.AddRange(found.Keys.Except(manifest.Shards.Select(shard => shard.File)).Select(file => $"{file} is not listed."));
        string tokenizer = Checkpoint.TokenizerFile(folder);
        if (!File.Exists(tokenizer) || ShardManifest.Sha256(tokenizer) != manifest.Tokenizer.Sha256)
            problems.Add("tokenizer.json is missing or another one.");
        Throw.InvalidData_IfAny(problems.Select(problem => $"{path}: {problem} Make the shards again with `mhc prepare`."));
    }

    private static string FingerprintOf(IEnumerable<ShardFile> shards)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] bytes = new byte[FingerprintBytes];
        foreach (ShardFile shard in shards)
        {
            using FileStream file = File.OpenRead(shard.Path);
            hash.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(shard.Path)} {shard.Length}\n"));
            hash.AppendData(bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
            file.Position = Math.Max(0, file.Length - bytes.Length);
            hash.AppendData(bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
