using Mhc.Training;

namespace Mhc.Cli.Bench;

/// <summary>Texts of random characters.</summary>
/// <param name="Name">Of the texts.</param>
/// <param name="Shortest">Tokens of the shortest.</param>
/// <param name="Longest">Tokens of the longest; every length between is as likely.</param>
internal sealed record TextKind(string Name, int Shortest, int Longest)
{
    public static IReadOnlyList<TextKind> All { get; } = [new("short", 20, 60), new("mixed", 10, 1000)];

    public TextKind UpTo(int longest) => this with { Shortest = Math.Min(Shortest, longest), Longest = Math.Min(Longest, longest) };

    public override string ToString() => $"{Name}, {Shortest} to {Longest} tokens";
}

/// <summary>What to measure and how.</summary>
/// <param name="Model">The architecture; its weights are random.</param>
/// <param name="Texts">Every kind of them is measured.</param>
/// <param name="Tokens">About so many are scored in a turn.</param>
/// <param name="TokensPerBatch">Of the scorer and of the bare loop; null for the scorer's default.</param>
/// <param name="Threads">Of each way.</param>
/// <param name="Rounds">Turns of each way.</param>
internal sealed record ScoringPlan(MhcConfig Model, IReadOnlyList<TextKind> Texts, int Tokens, int? TokensPerBatch, int Threads, int Rounds);

/// <summary>What was measured of one way to score.</summary>
/// <param name="Texts">Their kind.</param>
/// <param name="Name">Of the way.</param>
/// <param name="Tokens">Scored in a turn.</param>
/// <param name="TokensRun">What went through the model in a turn, padding included.</param>
/// <param name="SecondsPerToken">In each round.</param>
internal sealed record ScoringMeasurement(string Texts, string Name, long Tokens, long TokensRun, double[] SecondsPerToken);

/// <summary>A whole measurement, as <c>--json</c> writes it.</summary>
/// <param name="Date">Of its end, UTC.</param>
/// <param name="Machine">Processor, system, versions.</param>
/// <param name="Command">As it was given.</param>
/// <param name="Model">The architecture in words.</param>
/// <param name="Threads">Of each way.</param>
/// <param name="MatmulGflops">The yardstick in each round of each kind of texts.</param>
/// <param name="Ways">Kind by kind; of each the bare loop first, then its control.</param>
internal sealed record ScoringResult(string Date, string Machine, string Command, string Model, int Threads, double[] MatmulGflops,
    IReadOnlyList<ScoringMeasurement> Ways);
