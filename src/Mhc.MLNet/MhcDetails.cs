namespace Mhc.MLNet;

/// <summary>What to tell of a text beside its score.</summary>
[Flags]
public enum MhcDetails
{
    /// <summary>The score alone.</summary>
    None = 0,

    /// <summary><see cref="MhcScore.Tokens"/>: each token's text, place and log-probability.</summary>
    Tokens = 1,

    /// <summary><see cref="MhcToken.Rank"/> of each token. The model has to be exported with <c>--ranks</c>.</summary>
    Ranks = 2,

    /// <summary><see cref="MhcToken.Entropy"/> at each token. The model has to be exported with <c>--entropies</c>.</summary>
    Entropies = 4,

    /// <summary><see cref="MhcToken.Alternatives"/> to each token. The model has to be exported with <c>--top-k</c>.</summary>
    Alternatives = 8,

    /// <summary><see cref="MhcScore.IsGreedy"/>. The model has to be exported with <c>--ranks</c> or <c>--top-k</c>.</summary>
    IsGreedy = 16,

    /// <summary><see cref="MhcScore.HiddenMean"/>. The model has to be exported with <c>--hidden</c>.</summary>
    HiddenMean = 32,

    /// <summary><see cref="MhcScore.HiddenLast"/>. The model has to be exported with <c>--hidden</c>.</summary>
    HiddenLast = 64,
}
