using MathNet.Numerics.Statistics;
using static System.FormattableString;

namespace Mhc.Cli.Bench;

/// <summary>A measurement as a table and as a page.</summary>
internal static class BenchReport
{
    public static ReportTable Table(BenchResult result)
    {
        var table = new ReportTable(
            ["design", "parameters", "ms per update", "tokens/s", .. Ratios.Columns, "memory, MB", "memory, ratio"]);
        BenchMeasurement baseline = result.Designs[0];
        foreach (BenchMeasurement design in result.Designs)
        {
            double median = design.SecondsPerUpdate.Median();
            table.Add([design.Name, Invariant($"{design.Parameters:n0}"),
                Invariant($"{median * 1e3:n1}"), Invariant($"{design.TokensPerUpdate / median:n0}"),
                .. Ratios.Cells(design.SecondsPerUpdate, baseline.SecondsPerUpdate),
                Invariant($"{Memory(design):n0}"), Invariant($"{Memory(design) / Memory(baseline):f3}")]);
        }
        return table;
    }

    public static string Markdown(BenchResult result)
    {
        string[] designs = [.. result.Designs.Select(design => $"- {design.Name}: `{string.Join(' ', design.Settings)}`")];
        return $"""
            # Training speed and memory

            What does a residual design cost in training? Whole updates as `mhc train` makes them (forward, backward, clipping, AdamW),
            on random tokens. Each design has a process of its own and the designs take turns, {result.Steps} updates a turn,
            {result.MatmulGflops.Length} rounds, each begun by another design.
            A round's ratio is its time over the baseline's of the same round; the table has the ratios' median, lowest and quartiles,
            and the ratio of each design's fastest round to the baseline's. The second baseline is the control: its ratios are the noise.
            Memory is {result.MemoryIs}, above the same process with libtorch loaded and no model yet.

                {result.Command}

            {result.Machine}, {result.Date}. Threads: {result.Threads}. Preset {result.Preset} with `{string.Join(' ', result.Settings)}`.
            {Ratios.Yardstick(result.MatmulGflops)}

            {Table(result).Markdown()}
            {string.Join('\n', designs)}

            """;
    }

    private static double Memory(BenchMeasurement design) => design.PeakMegabytes - design.IdleMegabytes;
}
