namespace Mhc.Training;

/// <summary>How text is drawn from a model. See docs/interop.md.</summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens to draw.</summary>
    /// <value>Default 256.</value>
    public int MaxTokens { get; init; } = 256;

    /// <summary>What the logits are divided by: below 1 the likely tokens become likelier. 0 takes the likeliest token always.</summary>
    /// <value>Default 0.8.</value>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Draws from this many of the likeliest tokens; 1 takes the likeliest always.</summary>
    /// <value>Default null: from all.</value>
    public int? TopK { get; init; }

    /// <summary>
    /// Draws from the fewest of the likeliest tokens whose probabilities sum to at least this ("nucleus"), after
    /// <see cref="Temperature"/> and among the <see cref="TopK"/>.
    /// </summary>
    /// <value>Default 1: from all.</value>
    public double TopP { get; init; } = 1;

    /// <summary>Seed of what is drawn. The same model, prompt and options give the same text on the same machine.</summary>
    /// <value>Default 1337.</value>
    public int Seed { get; init; } = 1337;

    /// <summary>Ends the text before the first place where it has this.</summary>
    /// <value>Default null: nothing but <see cref="MaxTokens"/> or the tokenizer's end of a document ends it.</value>
    public string? Stop { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">Lists every value that is out of range.</exception>
    public void Validate() => Throw.Argument_IfAny(Problems());

    private IEnumerable<string> Problems()
    {
        if (MaxTokens < 1)
            yield return $"`max_tokens` is {MaxTokens}, expected at least 1.";
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
            yield return FormattableString.Invariant($"`temperature` is {Temperature}, expected a number of at least 0.");
        if (TopK < 1)
            yield return $"`top_k` is {TopK}, expected at least 1.";
        if (!(TopP is > 0 and <= 1))
            yield return FormattableString.Invariant($"`top_p` is {TopP}, expected a number above 0 and at most 1.");
        if (Seed < 0)
            yield return $"`seed` is {Seed}, expected at least 0.";
        if (Stop is "")
            yield return "`stop` is empty, expected a text.";
    }
}
