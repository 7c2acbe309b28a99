using System.Globalization;
using MathNet.Numerics.Statistics;

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
            Number($"{ratios.Median():f3}"), Number($"{ratios.Min():f3}"),
            Number($"{ratios.LowerQuartile():f3} to {ratios.UpperQuartile():f3}"), Number($"{seconds.Min() / baseline.Min():f3}"),
        ];
    }

    /// <summary>The machine's speed during the measurement.</summary>
    public static string Yardstick(double[] matmulGflops) => Number($"A 2048×384×1536 matmul ran at {matmulGflops.Median():f0} GFLOP/s ")
        + Number($"(median of {matmulGflops.Length} rounds, {matmulGflops.Min():f0} to {matmulGflops.Max():f0}).");

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
