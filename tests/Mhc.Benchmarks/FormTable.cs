using static System.FormattableString;

namespace Mhc.Benchmarks;

/// <summary>Forms of the same computation as rows of a Markdown table, its sizes as columns, the first form as the baseline.</summary>
internal static class FormTable
{
    public static void Header(string what, int threads, int rounds, IEnumerable<string> sizes)
    {
        Console.WriteLine($"{what}, float32, {threads} threads, {rounds} rounds; the lowest time of a form over that of its group's first, "
            + "in brackets the median of the rounds' ratios");
        Console.WriteLine();
        Row("form", sizes, "what the optimiser leaves");
        Row("---", sizes.Select(_ => "---"), "---");
    }

    /// <summary>Times forms of one size in turn, having seen that they compute the same, and disposes of them.</summary>
    public static (double[][] Microseconds, string[] Operators) Measure(OrtForm[] forms, int rounds)
    {
        double[][] times = Turns.Microseconds([.. forms.Select(form => (Action)form.Run)], rounds);
        float[] expected = forms[0].Result();
        foreach (OrtForm form in forms)
        {
            if (!(form.Result().Zip(expected, (a, b) => Math.Abs(a - b)).Max() <= 1e-4))
                throw new InvalidOperationException($"{form.Name} computes something else than {forms[0].Name}.");
            form.Dispose();
        }
        return (times, [.. forms.Select(form => form.Operators)]);
    }

    /// <param name="names">Of the forms.</param>
    /// <param name="sizes">What was measured of each size.</param>
    /// <param name="perRun">How many computations a run makes.</param>
    public static void Rows(string[] names, IEnumerable<(double[][] Microseconds, string[] Operators)> sizes, int perRun)
    {
        (double[][] Microseconds, string[] Operators)[] measured = [.. sizes];
        Row($"{names[0]}, µs", measured.Select(size => Invariant($"{size.Microseconds[0].Min() / perRun:f1}")), "");
        foreach ((int form, string name) in names.Index())
            Row(name, measured.Select(size => Cell(size.Microseconds[form], size.Microseconds[0])), measured[0].Operators[form]);
    }

    public static void Row(string name, IEnumerable<string> cells, string operators) =>
        Console.WriteLine($"| {name} | {string.Join(" | ", cells)} | {operators} |");

    private static string Cell(double[] times, double[] first) =>
        Invariant($"{times.Min() / first.Min():f2} ({Turns.Median(times.Zip(first, (time, reference) => time / reference)):f2})");
}
