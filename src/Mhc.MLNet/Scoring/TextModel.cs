using System.Text.Json;
using Mhc.MLNet.Tokens;

namespace Mhc.MLNet.Scoring;

/// <summary>What a task needs of a model, read from its metadata and graph and checked to fit together.</summary>
/// <param name="Channels">C</param>
internal sealed record TextModel(MhcModelInfo Info, TextTokenizer Tokenizer, int Channels)
{
    public static TextModel Read(IReadOnlyDictionary<string, string> metadata, IEnumerable<string> inputs, IReadOnlyCollection<string> outputs,
        ModelTask task, string source)
    {
        var reader = new MetadataReader(metadata, source);
        reader.CheckVersion();
        task.CheckGraph(inputs, outputs, source);
        if (reader.IsNone("mhc.tokenizer"))
            throw new InvalidDataException(
                $"{source} has no tokenizer, so it cannot {task.Verb} text. "
                + "Put a tokenizer.json into the checkpoint folder and export again with `mhc export`.");

        var definition = TokenizerDefinition.Read(reader.Object("mhc.tokenizer"), source);
        var tokenizer = new TextTokenizer(definition);
        JsonElement config = reader.Object("mhc.config");
        int vocabSize = Size(config, "vocab_size", source);
        if (tokenizer.VocabSize > vocabSize)
            Throw.InvalidData_Tokenizer(
                source, $"it has {tokenizer.VocabSize} ids, but the model's `vocab_size` is {vocabSize}.");

        var info = new MhcModelInfo
        {
            Config = config,
            ContextLength = reader.Integer("mhc.context_length", atLeast: 1),
            TokenizerType = definition.Type,
            VocabSize = vocabSize,
            PrefixTokenId = reader.IntegerOrNone("mhc.prefix_token_id"),
            EosTokenId = reader.IntegerOrNone("mhc.eos_token_id"),
            Validation = reader.ObjectOrNone<MhcValidation>("mhc.validation"),
            BitsPerByteQuantiles = MhcQuantiles.Read(reader),
            HRes = reader.ObjectOrNone<MhcProjection>("mhc.h_res"),
            Training = reader.ObjectOrNone<MhcTrainingInfo>("mhc.training"),
            Layout = reader.Text("mhc.layout"),
            Precision = reader.Text("mhc.precision"),
            WeightsSha256 = reader.Text("mhc.weights_sha256"),
            AvailableDetails = task == ModelTask.Scoring ? ScoringOutputs.Available(outputs) : MhcDetails.None,
            ExternalData = reader.Has("mhc.external_data") ? reader.TextOrNone("mhc.external_data") : null, // Files of 0.1 lack it.
        };
        if (info.PrefixTokenId >= vocabSize)
            Throw.InvalidData_Metadata(
                source, "mhc.prefix_token_id", $"{info.PrefixTokenId}", $"an id below the model's `vocab_size` {vocabSize}");
        return new TextModel(info, tokenizer, Size(config, "n_embd", source));
    }

    private static int Size(JsonElement config, string key, string source)
    {
        if (config.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out int size) && size > 0)
            return size;
        Throw.InvalidData_Metadata(source, "mhc.config", config.GetRawText(), $"an object whose `{key}` is an integer of at least 1");
        return 0;
    }
}
