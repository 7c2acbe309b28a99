using Mhc.Training;

namespace Mhc.Cli.Bench;

/// <summary>A batch of sequences of the same length.</summary>
internal readonly record struct GraphSize(int Batch, int Tokens)
{
    /// <param name="text">BATCHxTOKENS</param>
    public static GraphSize Parse(string text) =>
        text.Split('x') is [var batch, var tokens] && int.TryParse(batch, out int b) && int.TryParse(tokens, out int t) && b > 0 && t > 0
            ? new(b, t)
            : throw new InvalidDataException($"Size `{text}`: expected BATCHxTOKENS, for example 8x256.");

    public override string ToString() => $"{Batch}×{Tokens}";
}

/// <summary>What to measure and how.</summary>
/// <param name="Model">The architecture.</param>
/// <param name="Checkpoint">Its weights; drawn at random where it is null.</param>
/// <param name="Variants">The baseline first, then its control: what the machine's noise makes of no difference at all.</param>
/// <param name="Sizes">Of the batches.</param>
/// <param name="Past">Tokens before those of a batch: in the cache of a decoding graph; 0 where graphs score.</param>
/// <param name="Threads">Of a session; every number of them is measured.</param>
/// <param name="Rounds">Turns of each variant.</param>
internal sealed record GraphPlan(MhcConfig Model, string? Checkpoint, IReadOnlyList<GraphVariant> Variants,
    IReadOnlyList<GraphSize> Sizes, int Past, IReadOnlyList<int> Threads, int Rounds);

/// <summary>What was measured of one variant.</summary>
/// <param name="Size">Of the batch, and what is before it: 8×256, 1×1 after 511.</param>
/// <param name="Threads">Of the session.</param>
/// <param name="Name">Of the variant.</param>
/// <param name="Layout">How the residual stands in its graph: <c>mhc.layout</c>.</param>
/// <param name="Operators">Of its graph, as exported.</param>
/// <param name="TokensPerRun">New ones, the whole batch's.</param>
/// <param name="SecondsPerRun">In each round, the mean of its runs.</param>
internal sealed record GraphMeasurement(string Size, int Threads, string Name, string Layout, int Operators, int TokensPerRun,
    double[] SecondsPerRun);

/// <summary>A whole measurement, as <c>--json</c> writes it.</summary>
/// <param name="Date">Of its end, UTC.</param>
/// <param name="Machine">Processor, system, versions.</param>
/// <param name="Command">As it was given.</param>
/// <param name="Model">The architecture in words.</param>
/// <param name="MatmulGflops">The yardstick in each round of each size, with the most threads.</param>
/// <param name="Graphs">Size by size; of each the baseline first, then its control.</param>
internal sealed record GraphResult(string Date, string Machine, string Command, string Model, double[] MatmulGflops,
    IReadOnlyList<GraphMeasurement> Graphs);
