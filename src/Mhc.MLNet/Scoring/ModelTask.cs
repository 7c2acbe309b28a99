namespace Mhc.MLNet.Scoring;

/// <summary>What a model is opened for, and what its graph has to have for that.</summary>
internal sealed record ModelTask(string Verb, string Noun, string Outputs, string[] Inputs, string Result)
{
    public static ModelTask Scoring { get; } =
        new("score", "text scoring", "scores", ["input_ids", "positions", "targets"], "logprobs");

    public static ModelTask Generation { get; } =
        new("generate", "text generation", "decoder", ["input_ids", "attention_mask", "position_ids", "past_key_values.0.key"], "logits");

    public void CheckGraph(IEnumerable<string> inputs, IEnumerable<string> outputs, string source)
    {
        if (Inputs.All(inputs.Contains) && outputs.Contains(Result))
            return;
        throw new InvalidDataException(
            $"{source} has inputs {string.Join(", ", inputs)} and outputs {string.Join(", ", outputs)}; "
            + $"{Noun} needs {string.Join(", ", Inputs)} and {Result}. "
            + $"Export the checkpoint again with `mhc export --outputs {Outputs}`.");
    }
}
