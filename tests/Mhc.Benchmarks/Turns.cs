using System.Diagnostics;

namespace Mhc.Benchmarks;

/// <summary>Times several ways of doing the same in turn, so that what else the machine does meets all of them alike.</summary>
internal static class Turns
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(2);

    /// <summary>Microseconds a run, by form and round: the mean of a turn's runs, as many as take the first form 2 ms.</summary>
    public static double[][] Microseconds(IReadOnlyList<Action> forms, int rounds)
    {
        foreach (Action form in forms)
            form();
        int runs = Math.Max(1, (int)(Turn / Time(forms[0], 2)));
        double[][] times = [.. forms.Select(_ => new double[rounds])];
        for (int round = -1; round < rounds; round++) // One round to warm up.
            for (int turn = 0; turn < forms.Count; turn++) // Each round starts with another form.
            {
                int form = (Math.Max(round, 0) + turn) % forms.Count;
                double time = Time(forms[form], runs).TotalMicroseconds;
                if (round >= 0)
                    times[form][round] = time;
            }
        return times;
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static TimeSpan Time(Action form, int runs)
    {
        var watch = Stopwatch.StartNew();
        for (int run = 0; run < runs; run++)
            form();
        return watch.Elapsed / runs;
    }
}
