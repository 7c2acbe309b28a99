using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mhc.Onnx;

/// <summary>
/// What onnxruntime-genai reads in a decoder's folder beside the model: genai_config.json, and the tokenizer in Hugging Face's files.
/// docs/generation.md says what of it was run.
/// </summary>
internal static class GenAiFiles
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>File names and contents; made before anything is written, so that what cannot be made leaves nothing behind.</summary>
    /// <exception cref="NotSupportedException">The checkpoint's tokenizer is not one that onnxruntime-genai has.</exception>
    public static IReadOnlyList<(string Name, string Content)> Of(Checkpoint checkpoint, string modelFile)
    {
        var tokenizer = GenAiTokenizer.Of(checkpoint);
        return
        [
            ("genai_config.json", Text(Config(checkpoint.Config, tokenizer, modelFile))),
            ("tokenizer.json", Text(tokenizer.Definition)),
            ("tokenizer_config.json", Text(tokenizer.Config)),
        ];
    }

    private static JsonObject Config(MhcConfig config, GenAiTokenizer tokenizer, string modelFile) => new()
    {
        ["model"] = new JsonObject
        {
            ["type"] = "decoder",
            ["vocab_size"] = config.VocabSize,
            ["context_length"] = config.BlockSize,
            ["bos_token_id"] = tokenizer.BosTokenId,
            ["eos_token_id"] = tokenizer.EosTokenId,
            // Tokens of this id are masked: one that no text has, where the vocabulary has one to spare.
            ["pad_token_id"] = config.VocabSize > tokenizer.VocabSize ? tokenizer.VocabSize : tokenizer.EosTokenId,
            ["decoder"] = new JsonObject
            {
                // Severity 3, errors: ONNX Runtime warns of every input that may be left out.
                ["session_options"] = new JsonObject { ["log_severity_level"] = 3, ["provider_options"] = new JsonArray() },
                ["filename"] = modelFile,
                ["hidden_size"] = config.NEmbd,
                ["head_size"] = config.NEmbd / config.NHead,
                ["num_attention_heads"] = config.NHead,
                ["num_key_value_heads"] = config.NHead,
                ["num_hidden_layers"] = config.NLayer,
                ["inputs"] = new JsonObject
                {
                    ["input_ids"] = "input_ids",
                    ["attention_mask"] = "attention_mask",
                    ["position_ids"] = "position_ids",
                    ["past_key_names"] = "past_key_values.%d.key",
                    ["past_value_names"] = "past_key_values.%d.value",
                },
                ["outputs"] = new JsonObject
                {
                    ["logits"] = "logits",
                    ["present_key_names"] = "present.%d.key",
                    ["present_value_names"] = "present.%d.value",
                },
            },
        },
        ["search"] = new JsonObject
        {
            ["do_sample"] = false,
            ["max_length"] = config.BlockSize,
            ["num_beams"] = 1,
            ["past_present_share_buffer"] = false, // The graph gives new keys and values, it does not write into the old.
        },
    };

    private static string Text(JsonObject json) => json.ToJsonString(Readable) + "\n";
}
