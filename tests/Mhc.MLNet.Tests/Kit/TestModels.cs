using System.Text.Json;
using Mhc.MLNet.Tokens;
using Mhc.Onnx;

namespace Mhc.MLNet.Tests.Kit;

/// <summary>Small models with seeded noise for weights, exported once per test run.</summary>
internal static class TestModels
{
    private static readonly DirectoryInfo Folder = Temporary.Folder();

    /// <summary>Bytes, newline as prefix, context 16.</summary>
    public static string Bytes { get; } = Export("bytes", new Checkpoint { Tokenizer = ByteTokenizer(prefix: 10) });

    /// <summary>Bytes, no prefix, context 7: odd, so half of it is not whole.</summary>
    public static string BytesWithoutPrefix { get; } =
        Export("no-prefix", new Checkpoint { BlockSize = 7, Tokenizer = ByteTokenizer(prefix: null) });

    /// <summary>Bytes, newline as prefix, context 160 and wider layers: sizes at which matrix kernels split their work.</summary>
    public static string Wide { get; } =
        Export("wide", new Checkpoint { BlockSize = 160, Channels = 96, Heads = 3, Tokenizer = ByteTokenizer(prefix: 10) });

    /// <summary>Lower-case letters, space, newline, an accent and an emoji; newline as prefix.</summary>
    public static string Characters { get; } = Export("characters", new Checkpoint { Tokenizer = CharTokenizer(Vocabulary) });

    /// <summary>The smallest that are worth running many texts through: bytes, and the characters of <see cref="Vocabulary"/>.</summary>
    public static string SmallBytes { get; } = Export("small-bytes", Small with { Tokenizer = ByteTokenizer(prefix: 10) });

    public static string SmallCharacters { get; } = Export("small-characters", Small with { Tokenizer = CharTokenizer(Vocabulary) });

    public static string[] Vocabulary => ["\n", " ", .. Enumerable.Range('a', 26).Select(c => ((char)c).ToString()), "é", "😀"];

    /// <summary>GPT-2's tokenizer with the bytes and four tokens more: <c>th</c>, <c>the</c>, <c> the</c>, two newlines. No prefix.</summary>
    public static string BytePairs { get; } =
        Export("byte-pairs", new Checkpoint { VocabSize = 260, Tokenizer = BytePairTokenizer });

    /// <summary>Knows ids only.</summary>
    public static string WithoutTokenizer { get; } = Export("no-tokenizer", new Checkpoint());

    public static string Logits { get; } =
        Export("logits", new Checkpoint { Tokenizer = ByteTokenizer(prefix: 10) }, new OnnxExportOptions { Outputs = OnnxOutputs.Logits });

    /// <summary><see cref="Bytes"/> as a decoder.</summary>
    public static string BytesDecoder { get; } = Export("bytes-decoder", new Checkpoint { Tokenizer = ByteTokenizer(prefix: 10) }, Decoder);

    /// <summary>Bytes, no prefix, newline ends a document, context 200.</summary>
    public static string LongDecoder { get; } = Export("long-decoder",
        new Checkpoint { BlockSize = 200, Tokenizer = ByteTokenizer(prefix: null, eos: 10) }, Decoder);

    /// <summary><see cref="Characters"/> as a decoder: the vocabulary of the model is larger than that of its tokenizer.</summary>
    public static string CharactersDecoder { get; } =
        Export("characters-decoder", new Checkpoint { BlockSize = 64, Tokenizer = CharTokenizer(Vocabulary) }, Decoder);

    /// <summary>Two files: the weights are in the one beside.</summary>
    public static string ExternalData { get; } =
        Export("external", new Checkpoint { Tokenizer = ByteTokenizer(prefix: 10) }, new OnnxExportOptions { ExternalData = true });

    /// <summary><see cref="Bytes"/> with every output beside the scores, and with quantiles: half of the ordinary texts score 8 bits a byte.</summary>
    public static string WithMoreOutputs { get; } = Export("more-outputs", new Checkpoint
    {
        Tokenizer = ByteTokenizer(prefix: 10),
        Quantiles = """, "bits_per_byte_quantiles": { "unit": "line", "count": 9, "levels": [0, 50, 100], "values": [0, 8, 100] }""",
    },
        new OnnxExportOptions { TopK = 5, Ranks = true, Entropies = true, Hidden = true });

    public static string Named(string name) => Path.Combine(Folder.FullName, $"{name}.onnx");

    public static string ByteTokenizer(int? prefix, int? eos = null) => JsonSerializer.Serialize(
        new { version = 1, type = "byte", prefix_token_id = prefix, eos_token_id = eos });

    public static string CharTokenizer(string[] vocabulary) => JsonSerializer.Serialize(
        new { version = 1, type = "char", vocabulary, prefix_token_id = 0, eos_token_id = (int?)null });

    private static string BytePairTokenizer => JsonSerializer.Serialize(new
    {
        version = 1,
        type = "gpt2",
        vocabulary = TokenizerDefinition.ByteSymbols.Concat(["th", "the", "Ġthe", "ĊĊ"]),
        merges = (string[])["t h", "th e", "Ġ the", "Ċ Ċ"],
        prefix_token_id = (int?)null,
        eos_token_id = (int?)null,
    });

    private static Checkpoint Small => new() { Blocks = 1, Channels = 16, BlockSize = 64 };

    private static OnnxExportOptions Decoder => new() { Outputs = OnnxOutputs.Decoder };

    private static string Export(string name, Checkpoint checkpoint, OnnxExportOptions? options = null)
    {
        OnnxExporter.Export(checkpoint.Write(Path.Combine(Folder.FullName, name)), Named(name), options);
        return Named(name);
    }
}
