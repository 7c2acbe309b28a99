using MathNet.Numerics.Statistics;
using static System.FormattableString;

namespace Mhc.Cli.Bench;

/// <summary>A measurement against its baseline, as all reports show it.</summary>
internal static class Ratios
{
    public static readonly string[] Columns = ["time, ratio", "lowest", "quartiles", "of the fastest"];

    /// <summary>
    /// Of the ratios round by round the median, the lowest and the quartiles; and the ratio of the fastest round to the baseline's fastest.
    /// </summary>
    public static string[] Cells(double[] seconds, double[] baseline)
    {
        double[] ratios = [.. seconds.Zip(baseline, (time, reference) => time / reference)];
        return
        [
            Invariant($"{ratios.Median():f3}"), Invariant($"{ratios.Min():f3}"),
            Invariant($"{ratios.LowerQuartile():f3} to {ratios.UpperQuartile():f3}"), Invariant($"{seconds.Min() / baseline.Min():f3}"),
        ];
    }

    /// <summary>The machine's speed during the measurement.</summary>
    public static string Yardstick(double[] matmulGflops) => Invariant($"A 2048×384×1536 matmul ran at {matmulGflops.Median():f0} GFLOP/s ")
        + Invariant($"(median of {matmulGflops.Length} rounds, {matmulGflops.Min():f0} to {matmulGflops.Max():f0}).");
}
