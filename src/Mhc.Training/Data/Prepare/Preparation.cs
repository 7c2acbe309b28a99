using System.Text;

namespace Mhc.Training;

/// <summary>One run of <see cref="TokenShards.Prepare"/>.</summary>
internal sealed class Preparation(PrepareOptions options, TextSource[] sources, Action<PrepareProgress> onProgress)
{
    private const int MostIds = ushort.MaxValue + 1;
    private const int MostDefaultValTokens = 1_000_000, ValPart = 10; // A tenth of all.

    private readonly string _folder = options.OutputFolder;
    private readonly long _totalBytes = sources.Sum(source => new FileInfo(source.Path).Length);

    private sealed record Tokenized(ShardManifest.Position At, ushort[] Ids, bool StartsDocument, long BytesRead);

    public PrepareResult Run()
    {
        TextTokenizer tokenizer = MakeTokenizer();
        string tokenizerJson = tokenizer.ToJson();
        ShardManifest asked = Asked(tokenizer, tokenizerJson);
        if (File.Exists(ShardManifest.PathIn(_folder)))
            return Result(Same(asked, ShardManifest.PathIn(_folder)));
        ShardManifest manifest = asked;
        if (File.Exists(ShardManifest.PartialPathIn(_folder)))
            manifest = Same(asked, ShardManifest.PartialPathIn(_folder));
        else if (File.Exists(_folder) || (Directory.Exists(_folder) && Directory.EnumerateFileSystemEntries(_folder).Any()))
            throw new IOException($"{_folder}: holds something that `mhc prepare` did not make. Choose another folder or remove this one.");
        bool isNew = !Directory.Exists(_folder);
        try
        {
            AtomicWrite.File(Checkpoint.TokenizerFile(_folder), temporary => File.WriteAllText(temporary, tokenizerJson));
            manifest.Write(ShardManifest.PartialPathIn(_folder));
            manifest = WriteShards(manifest, Tokenize(tokenizer, manifest.Next ?? default));
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
        byte[] hash = System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(tokenizerJson));
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
                if (number++ % 256 == 0)
                    onProgress(new(activity, before + piece.BytesRead, _totalBytes));
            }
            before += new FileInfo(sources[source].Path).Length;
        }
    }

    private IEnumerable<Tokenized> Tokenize(TextTokenizer tokenizer, ShardManifest.Position from)
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
            return new Tokenized(new(piece.Source, piece.Piece, 0), [.. ids], piece.Text.StartsDocument, piece.Text.BytesRead);
        });
    }

    /// <summary>A shard is finished when a token follows that has no room in it, so that there is always a place to go on from.</summary>
    private ShardManifest WriteShards(ShardManifest manifest, IEnumerable<Tokenized> pieces)
    {
        int valTokens = options.ValTokens ?? 0;
        if (manifest.Shards.Length == 0 && options.ValTokens is null)
            (valTokens, pieces) = ChooseValTokens(pieces);
        long tokens = manifest.Shards.Sum(shard => (long)shard.Tokens);
        int skip = manifest.Next?.Token ?? 0;
        ShardWriter? writer = null;
        try
        {
            foreach (Tokenized piece in pieces)
            {
                if (piece.StartsDocument && skip == 0)
                    manifest = manifest with { Documents = manifest.Documents + 1 };
                for (; skip < piece.Ids.Length;)
                {
                    int capacity = manifest.Shards.Length == 0 ? valTokens : options.ShardTokens;
                    if (writer?.Length == capacity)
                    {
                        manifest = Finish(ref writer, manifest, piece.At with { Token = skip });
                        continue;
                    }
                    writer ??= new ShardWriter(Path.Combine(_folder, FileName(manifest.Shards.Length)));
                    int count = Math.Min(capacity - writer.Length, piece.Ids.Length - skip);
                    writer.Write(piece.Ids.AsSpan(skip, count));
                    (skip, tokens) = (skip + count, tokens + count);
                }
                skip = 0;
            }
            if (manifest.Shards.Length == 0)
            {
                throw new InvalidDataException($"{string.Join(", ", options.Inputs)}: {tokens} tokens in all, expected more than the "
                    + $"{Math.Max(1, valTokens)} of the validation shard. Give more text, or set --val-tokens lower.");
            }
            return writer is null ? manifest with { Next = null } : Finish(ref writer, manifest, null);
        }
        finally
        {
            writer?.Dispose();
        }
    }

    private ShardManifest Finish(ref ShardWriter? writer, ShardManifest manifest, ShardManifest.Position? next)
    {
        string file = FileName(manifest.Shards.Length);
        int length = writer!.Length;
        writer.Finish();
        writer = null;
        manifest = manifest with
        {
            Shards = [.. manifest.Shards, new(file, length, ShardManifest.Sha256(Path.Combine(_folder, file)))],
            Next = next,
        };
        if (next is not null)
            manifest.Write(ShardManifest.PartialPathIn(_folder));
        return manifest;
    }

    /// <summary>A tenth of the tokens where they are few, and as many as a tenth of those that are looked at for it otherwise.</summary>
    private static (int ValTokens, IEnumerable<Tokenized> Pieces) ChooseValTokens(IEnumerable<Tokenized> pieces)
    {
        var held = new List<Tokenized>();
        long tokens = 0;
        IEnumerator<Tokenized> rest = pieces.GetEnumerator();
        while (tokens < (long)ValPart * MostDefaultValTokens && rest.MoveNext())
        {
            held.Add(rest.Current);
            tokens += rest.Current.Ids.Length;
        }
        return ((int)Math.Min(MostDefaultValTokens, tokens / ValPart), All());

        IEnumerable<Tokenized> All()
        {
            using IEnumerator<Tokenized> disposed = rest;
            foreach (Tokenized piece in held)
                yield return piece;
            held.Clear();
            while (rest.MoveNext())
                yield return rest.Current;
        }
    }

    private static string FileName(int shard) => shard == 0 ? "val_000000.bin" : $"train_{shard:d6}.bin";

    private static PrepareResult Result(ShardManifest manifest) => new(manifest.Shards.Length, manifest.Documents,
        manifest.Shards.Skip(1).Sum(shard => (long)shard.Tokens), manifest.Shards[0].Tokens);
}
