namespace Mhc.Training;

/// <summary>Where the id that separates documents stands: GPT-2's <c>&lt;|endoftext|&gt;</c>, the newline with other tokenizers.</summary>
public enum DocumentSeparator
{
    /// <summary>Before each document, as in FineWeb10B-GPT2.</summary>
    Start,
    /// <summary>After each document.</summary>
    End,
    /// <summary>Nowhere: one document follows another as if it were its continuation.</summary>
    None,
}

/// <summary>What <see cref="TokenShards.Prepare"/> makes, and from what.</summary>
public sealed record PrepareOptions
{
    /// <summary>
    /// Files that end in .txt, .jsonl, .csv or .parquet, and folders whose such files are read in the order of their names.
    /// </summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The folder for the shards: new, empty, or left by the same preparation before it was done.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>How text becomes token ids.</summary>
    /// <value>Default <see cref="TokenizerKind.Gpt2"/>.</value>
    public TokenizerKind Tokenizer { get; init; } = TokenizerKind.Gpt2;

    /// <summary>Where GPT-2's files lie; ignored with other tokenizers. See <see cref="TextTokenizer.Gpt2"/>.</summary>
    /// <value>Default null: the user's cache.</value>
    public string? TokenizerFolder { get; init; }

    /// <summary>Where the id that separates documents stands.</summary>
    /// <value>Default null: nowhere in .txt files, which are taken as they are; before each document of the other formats.</value>
    public DocumentSeparator? Separator { get; init; }

    /// <summary>The key of a .jsonl object, or the column of a .csv or .parquet table, that holds a document's text.</summary>
    /// <value>Default <c>text</c>.</value>
    public string TextField { get; init; } = "text";

    /// <summary>Tokens in a shard; the last one has what is left.</summary>
    /// <value>Default 100,000,000.</value>
    public int ShardTokens { get; init; } = 100_000_000;

    /// <summary>Tokens, from the beginning, that make the validation shard.</summary>
    /// <value>Default null: a tenth of all, at most 1,000,000.</value>
    public int? ValTokens { get; init; }

    internal void Validate()
    {
        (string Option, int? Value)[] counts = [("shard_tokens", ShardTokens), ("val_tokens", ValTokens)];
        Throw.Argument_IfAny(counts.Where(count => count.Value < 1)
            .Select(count => $"`{count.Option}` is {count.Value}, expected at least 1."));
    }
}

/// <summary>How far a preparation is.</summary>
/// <param name="Activity">What it is doing.</param>
/// <param name="BytesRead">Bytes of the files that it has read for this.</param>
/// <param name="TotalBytes">Bytes that they have.</param>
public readonly record struct PrepareProgress(string Activity, long BytesRead, long TotalBytes);

/// <summary>What a preparation made.</summary>
/// <param name="Shards">Files of tokens, the validation shard among them.</param>
/// <param name="Documents">Documents in them.</param>
/// <param name="TrainTokens">Tokens to train on.</param>
/// <param name="ValTokens">Tokens for validation.</param>
public sealed record PrepareResult(int Shards, long Documents, long TrainTokens, long ValTokens);
