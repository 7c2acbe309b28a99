using Mhc.Cli.Score.Tables;

namespace Mhc.Cli.Score;

/// <summary>What the command line asks for.</summary>
internal sealed record ScoreOptions
{
    /// <summary>Standard input or output.</summary>
    public const string Pipe = "-";

    public required string Model { get; init; }

    public required string Input { get; init; }

    public required string Output { get; init; }

    public required TableFormat InputFormat { get; init; }

    public required TableFormat OutputFormat { get; init; }

    public required string Column { get; init; }

    public string? Quarantine { get; init; }

    public string? Where { get; init; }

    /// <summary>A percentile of the validation texts.</summary>
    public double? Flag { get; init; }

    public required int PartRows { get; init; }

    public string Source => Input == Pipe ? "standard input" : Input;
}
