using System.Security.Cryptography;
using System.Text;

namespace Mhc.Training;

/// <summary>One run of <see cref="TokenShards.Prepare"/>.</summary>
internal sealed class Preparation(PrepareOptions options, TextSource[] sources, Action<PrepareProgress> onProgress)
{
    private const int MostIds = ushort.MaxValue + 1;

    private readonly string _folder = options.OutputFolder;
    private readonly long _totalBytes = sources.Sum(source => new FileInfo(source.Path).Length);

    public PrepareResult Run()
    {
        TextTokenizer tokenizer = MakeTokenizer();
        string tokenizerJson = tokenizer.ToJson();
        ShardManifest asked = Asked(tokenizer, tokenizerJson);
        if (File.Exists(ShardManifest.PathIn(_folder)))
            return Result(Same(asked, ShardManifest.PathIn(_folder)));
        ShardManifest manifest = asked;
        if (Directory.Exists(_folder))
            AtomicWrite.Recover(_folder);
        if (File.Exists(ShardManifest.PartialPathIn(_folder)))
            manifest = Same(asked, ShardManifest.PartialPathIn(_folder));
        else if (File.Exists(_folder) || (Directory.Exists(_folder) && Directory.EnumerateFileSystemEntries(_folder).Any()))
            throw new IOException($"{_folder}: holds something that `mhc prepare` did not make. Choose another folder or remove this one.");
        bool isNew = !Directory.Exists(_folder);
        try
        {
            manifest.Write(ShardManifest.PartialPathIn(_folder)); // First: by it a folder that a kill left is known again.
            AtomicWrite.File(Checkpoint.TokenizerFile(_folder), temporary => File.WriteAllText(temporary, tokenizerJson));
            manifest = ShardSeries.Write(_folder, manifest, Tokenize(tokenizer, manifest.Next ?? default));
        }
        catch when (ShardManifest.Read(ShardManifest.PartialPathIn(_folder)).Shards.Length == 0)
        {
            File.Delete(ShardManifest.PartialPathIn(_folder));
            File.Delete(Checkpoint.TokenizerFile(_folder));
            if (isNew)
                Directory.Delete(_folder);
            throw;
        }
        manifest.Write(ShardManifest.PathIn(_folder));
        File.Delete(ShardManifest.PartialPathIn(_folder));
        return Result(manifest);
    }

    private TextTokenizer MakeTokenizer()
    {
        TextTokenizer tokenizer = options.Tokenizer switch
        {
            TokenizerKind.Byte => TextTokenizer.Byte(),
            TokenizerKind.Gpt2 => TextTokenizer.Gpt2(options.TokenizerFolder),
            _ => TextTokenizer.Char(AllRunes()),
        };
        return tokenizer.VocabSize <= MostIds ? tokenizer
            : throw new InvalidDataException($"The {StrictJson.SnakeCase(tokenizer.Kind)} tokenizer has {tokenizer.VocabSize} ids, "
                + $"but a shard holds 16 bits a token: at most {MostIds}. Use the tokenizer gpt2 or byte.");
    }

    private HashSet<Rune> AllRunes()
    {
        var runes = new HashSet<Rune>();
        foreach ((_, _, TextPiece piece) in Pieces("Collecting characters", default))
            runes.UnionWith(piece.Text.EnumerateRunes());
        return runes;
    }

    private ShardManifest Asked(TextTokenizer tokenizer, string tokenizerJson)
    {
        long done = 0;
        var entries = new List<ShardManifest.SourceEntry>();
        foreach (TextSource source in sources)
        {
            onProgress(new("Hashing the files", done, _totalBytes));
            long bytes = new FileInfo(source.Path).Length;
            entries.Add(new(source.Name, bytes, ShardManifest.Sha256(source.Path)));
            done += bytes;
        }
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(tokenizerJson));
        return new()
        {
            Version = ShardManifest.FormatVersion,
            Tokenizer = new(StrictJson.SnakeCase(tokenizer.Kind), tokenizer.VocabSize, Convert.ToHexStringLower(hash)),
            Separator = options.Separator is { } separator ? StrictJson.SnakeCase(separator) : "default",
            TextField = options.TextField,
            ShardTokens = options.ShardTokens,
            ValTokens = options.ValTokens,
            Sources = [.. entries],
            Shards = [],
            Documents = 0,
            Next = default(ShardManifest.Position),
        };
    }

    private static ShardManifest Same(ShardManifest asked, string path)
    {
        ShardManifest found = ShardManifest.Read(path);
        string[] differences = [.. asked.DifferencesFrom(found)];
        return differences.Length == 0 ? found
            : throw new IOException($"{path}: belongs to another preparation: {string.Join("; ", differences)}. "
                + "Choose another folder, or remove this one.");
    }

    private IEnumerable<(int Source, long Piece, TextPiece Text)> Pieces(string activity, ShardManifest.Position from)
    {
        long before = sources.Take(from.Source).Sum(source => new FileInfo(source.Path).Length);
        for (int source = from.Source; source < sources.Length; source++)
        {
            long number = 0;
            foreach (TextPiece piece in sources[source].Read(options.TextField))
            {
                if (source > from.Source || number >= from.Piece)
                    yield return (source, number, piece with { BytesRead = before + piece.BytesRead });
                number++;
                onProgress(new(activity, before + piece.BytesRead, _totalBytes));
            }
            before += new FileInfo(sources[source].Path).Length;
        }
    }

    private IEnumerable<TokenPiece> Tokenize(TextTokenizer tokenizer, ShardManifest.Position from)
    {
        ushort separatorId = (ushort)(tokenizer.EosTokenId ?? tokenizer.PrefixTokenId!.Value);
        return InOrder.Map(Pieces("Tokenizing", from), piece =>
        {
            DocumentSeparator separator = options.Separator
                ?? (sources[piece.Source].IsPlainText ? DocumentSeparator.None : DocumentSeparator.Start);
            var ids = new List<ushort>();
            if (piece.Text.StartsDocument && separator == DocumentSeparator.Start)
                ids.Add(separatorId);
            ids.AddRange(tokenizer.Encode(piece.Text.Text).Select(id => (ushort)id));
            if (piece.Text.EndsDocument && separator == DocumentSeparator.End)
                ids.Add(separatorId);
            return new TokenPiece(new(piece.Source, piece.Piece, 0), [.. ids], piece.Text.StartsDocument);
        });
    }

    private static PrepareResult Result(ShardManifest manifest) => new(manifest.Shards.Length, manifest.Documents,
        manifest.Shards.Skip(1).Sum(shard => (long)shard.Tokens), manifest.Shards[0].Tokens);
}
