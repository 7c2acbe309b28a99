namespace Mhc.MLNet;

/// <summary>
/// How text is drawn from a model: the settings, defaults and order of steps of the trainer's own generator. See docs/generation.md.
/// </summary>
/// <remarks>
/// A token is drawn so: <see cref="RepetitionPenalty"/>, <see cref="Temperature"/>, <see cref="TopK"/>, <see cref="TopP"/>, then in
/// proportion to what is left.
/// </remarks>
public sealed record MhcGenerationOptions
{
    /// <value>The most tokens to draw for each text. Default: 256.</value>
    public int MaxTokens { get; init; } = 256;

    /// <value>
    /// What the logits are divided by: below 1 the likely tokens become likelier. 0 takes the likeliest token always. Default: 0.8.
    /// </value>
    public double Temperature { get; init; } = 0.8;

    /// <value>Draws from this many of the likeliest tokens; 1 takes the likeliest always. Default: null, from all.</value>
    public int? TopK { get; init; }

    /// <value>
    /// Draws from the fewest of the likeliest tokens whose probabilities sum to at least this ("nucleus"), after
    /// <see cref="Temperature"/> and among the <see cref="TopK"/>. Default: 1, from all.
    /// </value>
    public double TopP { get; init; } = 1;

    /// <value>
    /// Makes tokens that the prompt or the text has already less likely: their logit is divided by this where it is positive and multiplied
    /// where it is negative. Default: 1, which changes nothing.
    /// </value>
    public double RepetitionPenalty { get; init; } = 1;

    /// <value>
    /// Ends a text before the first of these that is complete, wherever tokens cut it. Default: none.
    /// </value>
    public IReadOnlyList<string> StopTexts { get; init; } = [];

    /// <value>
    /// Seed of what is drawn. What is drawn is a function of the seed, the number of the text among the prompts, and the position. Default:
    /// 1337.
    /// </value>
    public int Seed { get; init; } = 1337;

    internal void Validate()
    {
        string[] problems = [.. Problems()];
        if (problems.Length > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, problems));
    }

    private IEnumerable<string> Problems()
    {
        if (MaxTokens < 1)
            yield return $"`MaxTokens` is {MaxTokens}, expected at least 1.";
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
            yield return FormattableString.Invariant($"`Temperature` is {Temperature}, expected a number of at least 0.");
        if (TopK < 1)
            yield return $"`TopK` is {TopK}, expected at least 1.";
        if (!(TopP is > 0 and <= 1))
            yield return FormattableString.Invariant($"`TopP` is {TopP}, expected a number above 0 and at most 1.");
        if (!(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty)))
            yield return FormattableString.Invariant($"`RepetitionPenalty` is {RepetitionPenalty}, expected a number above 0.");
        if (StopTexts is null || StopTexts.Any(string.IsNullOrEmpty))
            yield return "`StopTexts` has an empty text or is null, expected texts.";
        if (Seed < 0)
            yield return $"`Seed` is {Seed}, expected at least 0.";
    }
}
