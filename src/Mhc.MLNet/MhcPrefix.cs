namespace Mhc.MLNet;

/// <summary>The token that the model reads before a text, so that the text's first token is scored too.</summary>
public readonly record struct MhcPrefix
{
    private MhcPrefix(bool isSet, int? id) => (IsSet, Id) = (isSet, id);

    /// <value>The model's own, <see cref="MhcModelInfo.PrefixTokenId"/>; nothing where it has none.</value>
    public static MhcPrefix OfModel => default;

    /// <value>No token: the first token of a text has no score.</value>
    public static MhcPrefix None { get; } = new(true, null);

    internal bool IsSet { get; }

    internal int? Id { get; }

    /// <summary>This token of the model's vocabulary.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public static MhcPrefix Token(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return new(true, id);
    }

    internal int? Resolve(MhcModelInfo model)
    {
        if (Id >= model.VocabSize)
            throw new ArgumentException($"Prefix is token {Id}, but the model's vocabulary has {model.VocabSize} tokens. "
                + "Choose an id below that, MhcPrefix.OfModel or MhcPrefix.None.");
        return IsSet ? Id : model.PrefixTokenId;
    }
}
