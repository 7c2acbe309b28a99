namespace Mhc.Training;

/// <summary>The ids of a piece of text, the ones that separate documents among them.</summary>
internal sealed record TokenPiece(ShardManifest.Position At, ushort[] Ids, bool StartsDocument);

/// <summary>Cuts a stream of tokens into shards: the first for validation, the others for training.</summary>
internal static class ShardSeries
{
    private const int MostDefaultValTokens = 1_000_000, ValPart = 10; // A tenth of all.

    /// <summary>
    /// Goes on behind the shards that the manifest has. A shard is finished when a token follows that has no room in it, so that the
    /// partial manifest always has a place to go on from.
    /// </summary>
    /// <exception cref="InvalidDataException">There are no tokens beyond those of the validation shard.</exception>
    public static ShardManifest Write(string folder, ShardManifest manifest, IEnumerable<TokenPiece> pieces)
    {
        int valTokens = manifest.ValTokens ?? 0;
        if (manifest.Shards.Length == 0 && manifest.ValTokens is null)
            (valTokens, pieces) = ChooseValTokens(pieces);
        int skip = manifest.Next?.Token ?? 0;
        ShardWriter? writer = null;
        try
        {
            foreach (TokenPiece piece in pieces)
            {
                while (skip < piece.Ids.Length)
                {
                    if (writer is not null && Room(writer) == 0)
                    {
                        manifest = Finish(folder, writer, manifest, piece.At with { Token = skip });
                        manifest.Write(ShardManifest.PartialPathIn(folder));
                        writer = null;
                    }
                    writer ??= new ShardWriter(Path.Combine(folder, FileName(manifest.Shards.Length)));
                    if (skip == 0 && piece.StartsDocument)
                        manifest = manifest with { Documents = manifest.Documents + 1 };
                    int count = Math.Min(Room(writer), piece.Ids.Length - skip);
                    writer.Write(piece.Ids.AsSpan(skip, count));
                    skip += count;
                }
                skip = 0;
            }
            if (manifest.Shards.Length == 0 || writer is null)
            {
                throw new InvalidDataException($"The text has {writer?.Length ?? 0} tokens in all, expected more than the "
                    + $"{valTokens} of the validation shard. Give more text, or set --val-tokens lower.");
            }
            manifest = Finish(folder, writer, manifest, null);
            writer = null;
            return manifest;
        }
        finally
        {
            writer?.Dispose();
        }

        int Room(ShardWriter shard) => (manifest.Shards.Length == 0 ? valTokens : manifest.ShardTokens) - shard.Length;
    }

    private static ShardManifest Finish(string folder, ShardWriter writer, ShardManifest manifest, ShardManifest.Position? next)
    {
        string file = FileName(manifest.Shards.Length);
        writer.Finish();
        ShardManifest.ShardEntry entry = new(file, writer.Length, ShardManifest.Sha256(Path.Combine(folder, file)));
        return manifest with { Shards = [.. manifest.Shards, entry], Next = next };
    }

    /// <summary>A tenth of the tokens where they are few, and as many as a tenth of those that are looked at for it otherwise.</summary>
    private static (int ValTokens, IEnumerable<TokenPiece> Pieces) ChooseValTokens(IEnumerable<TokenPiece> pieces)
    {
        var held = new List<TokenPiece>();
        long tokens = 0;
        IEnumerator<TokenPiece> rest = pieces.GetEnumerator();
        while (tokens < (long)ValPart * MostDefaultValTokens && rest.MoveNext())
        {
            held.Add(rest.Current);
            tokens += rest.Current.Ids.Length;
        }
        return ((int)Math.Clamp(tokens / ValPart, 1, MostDefaultValTokens), All());

        IEnumerable<TokenPiece> All()
        {
            using IEnumerator<TokenPiece> disposed = rest;
            foreach (TokenPiece piece in held)
                yield return piece;
            held.Clear();
            while (rest.MoveNext())
                yield return rest.Current;
        }
    }

    private static string FileName(int shard) => shard == 0 ? "val_000000.bin" : $"train_{shard:d6}.bin";
}
