using System.Text.Json.Nodes;

namespace Mhc.Onnx;

/// <summary>A checkpoint's tokenizer as Hugging Face's tokenizer.json and tokenizer_config.json: a byte-level byte-pair encoding.</summary>
internal sealed record GenAiTokenizer
{
    // No UTF-8 has this byte, so that it can end a text that has no token for that.
    private const int UnusedByte = 0xFF;

    public required JsonObject Definition { get; init; }

    public required JsonObject Config { get; init; }

    public required int VocabSize { get; init; }

    public required int BosTokenId { get; init; }

    public required int EosTokenId { get; init; }

    public static GenAiTokenizer Of(Checkpoint checkpoint)
    {
        CheckpointNotes notes = CheckpointNotes.Read(checkpoint);
        string path = Path.Combine(checkpoint.Folder, "tokenizer.json");
        string[] vocabulary, merges = [];
        switch (notes.Tokenizer?["type"]?.ToString())
        {
            case "byte":
                vocabulary = [.. ByteSymbols()];
                break;
            case "gpt2":
                (vocabulary, merges) = (Texts(notes.Tokenizer, "vocabulary", path), Texts(notes.Tokenizer, "merges", path));
                break;
            case string type:
                throw new NotSupportedException($"{path}: the tokenizer is `{type}`, of which onnxruntime-genai has none; "
                    + "expected `byte` or `gpt2`. Export without its files, or train with one of these.");
            default:
                throw new NotSupportedException($"{path}: there is no tokenizer, which onnxruntime-genai's files need; "
                    + "expected one of the type `byte` or `gpt2`. Put it there, or export without these files.");
        }
        int eos = notes.EosTokenId ?? UnusedByte;
        int bos = notes.PrefixTokenId ?? eos;
        return new()
        {
            Definition = Tokenizer(vocabulary, merges, notes.EosTokenId),
            Config = Settings(checkpoint.Config.BlockSize, vocabulary[bos], vocabulary[eos]),
            VocabSize = vocabulary.Length,
            BosTokenId = bos,
            EosTokenId = eos,
        };
    }

    private static JsonObject Tokenizer(string[] vocabulary, string[] merges, int? special) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray(special is not int id ? [] : [new JsonObject
        {
            ["id"] = id,
            ["content"] = vocabulary[id],
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = true,
        }]),
        ["normalizer"] = null,
        ["pre_tokenizer"] = ByteLevel(),
        ["post_processor"] = null,
        ["decoder"] = ByteLevel(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = "",
            ["end_of_word_suffix"] = "",
            ["fuse_unk"] = false,
            ["vocab"] = new JsonObject(vocabulary.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
            ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
        },
    };

    // Words are cut by GPT-2's pattern, across which nothing is merged.
    private static JsonObject ByteLevel() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true };

    private static JsonObject Settings(int contextLength, string bos, string eos) => new()
    {
        ["tokenizer_class"] = "GPT2Tokenizer",
        ["model_max_length"] = contextLength,
        ["clean_up_tokenization_spaces"] = false,
        ["add_prefix_space"] = false,
        ["bos_token"] = bos,
        ["eos_token"] = eos,
        ["unk_token"] = eos,
    };

    private static string[] Texts(JsonObject tokenizer, string key, string path) =>
        tokenizer[key] is JsonArray texts && texts.All(text => text?.GetValueKind() == System.Text.Json.JsonValueKind.String)
            ? [.. texts.Select(text => text!.ToString())]
            : throw new InvalidDataException($"{path}: `{key}` is not an array of strings. Put back what `mhc train` wrote.");

    // GPT-2's printable stand-ins for the 256 byte values, in order.
    private static IEnumerable<string> ByteSymbols()
    {
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            yield return ((char)(printable ? value : next++)).ToString();
        }
    }
}
