using static Mhc.Benchmarks.OrtGraph;

namespace Mhc.Benchmarks;

/// <summary>
/// The ways to compute one sum of k terms (N, C) with constant weights in ONNX Runtime. A graph computes twelve sums one after another, as
/// six blocks do: the terms of each are the k values before it.
/// </summary>
internal static class GraphForms
{
    private const int Channels = 384, Sums = 12;

    private static readonly int[] Rows = [2048, 256, 1], TermCounts = [4, 8, 12];

    // A form takes k terms (N, C), of which the last is the value before, to (N, C).
    private delegate string Form(Terms x);

    private static readonly (string Name, Form Form)[] Plain =
    [
        ("Concat + MatMul", x => Sum(x)),
        ("Concat + MatMul again (control)", x => Sum(x)),
        ("Mul and Add a term", x => x.Weighted().Aggregate((sum, term) => x.G.Op("Add", [sum, term]))),
        ("Mul a term, one Sum", x => x.G.Op("Sum", x.Weighted())),
        ("Concat + Einsum", x => x.Tokens(x.G.Op("Einsum", [x.Stacked(), x.Weight(-1)], Attribute("equation", "kn,k->n")))),
        ("Concat + Conv 1×1", Conv),
        ("Concat + Gemm", x => x.Tokens(x.G.Op("Gemm", [x.Weight(1, -1), x.Stacked()]))),
        ("terms on the last axis: Concat + MatMul", LastAxis),
    ];

    private static readonly (string Name, Form Form)[] Projected =
    [
        ("Gemm, then Concat + MatMul", x => Sum(x with { Values = [.. x.Values[..^1], x.Project(x.Last)] })),
        ("the same again (control)", x => Sum(x with { Values = [.. x.Values[..^1], x.Project(x.Last)] })),
        ("the sum of the others as C of the Gemm", x => x.Project(x.Last, x.SumOfOthers())),
    ];

    private static readonly (string Name, Form Form)[] Normed =
    [
        ("Concat + MatMul, then LayerNormalization", x => x.Norm(Sum(x with { LastWeight = 1 }))),
        ("the same again (control)", x => x.Norm(Sum(x with { LastWeight = 1 }))),
        ("SkipLayerNormalization adds the last term", x => x.SkipNorm(x.SumOfOthers(), x.Last)),
    ];

    public static void Run(int rounds, int threads)
    {
        (int Rows, int Terms)[] sizes = [.. Rows.SelectMany(rows => TermCounts.Select(terms => (rows, terms)))];
        Console.WriteLine(FormattableString.Invariant($"C={Channels}, float32, {threads} threads, {rounds} rounds; lowest time of a form over ")
            + "that of its group's first, in brackets the median of the rounds' ratios");
        Console.WriteLine();
        Console.WriteLine($"| form | {string.Join(" | ", sizes.Select(size => $"N={size.Rows}, k={size.Terms}"))} | what the optimiser leaves |");
        Console.WriteLine($"|---|{string.Concat(sizes.Select(_ => "---|"))}---|");
        foreach ((string Name, Form Form)[] group in new[] { Plain, Projected, Normed })
        {
            (double[][] Times, string[] Operators)[] measured = [.. sizes.Select(size => Measure(group, size.Rows, size.Terms, rounds, threads))];
            Row($"{group[0].Name}, µs a sum", measured.Select(m => FormattableString.Invariant($"{m.Times[0].Min() / Sums:f1}")), "");
            for (int form = 0; form < group.Length; form++)
            {
                Row(group[form].Name, measured.Select(m => FormattableString.Invariant(
                    $"{m.Times[form].Min() / m.Times[0].Min():f2} ({Turns.Median(m.Times[form].Zip(m.Times[0], (a, b) => a / b)):f2})")),
                    measured[0].Operators[form]);
            }
        }
        // What LayoutCost reckons for Concat + MatMul: Concat reads and writes every term, MatMul reads them and writes one.
        Row("20 GB/s and 4 µs an operator, µs a sum", sizes.Select(size => FormattableString.Invariant(
            $"{(3 * size.Terms + 1) * size.Rows * Channels * 4 / 20e3 + 4 * 4:f1}")), "");
    }

    private static void Row(string name, IEnumerable<string> cells, string operators) =>
        Console.WriteLine($"| {name} | {string.Join(" | ", cells)} | {operators} |");

    private static (double[][] Times, string[] Operators) Measure(
        (string Name, Form Form)[] group, int rows, int terms, int rounds, int threads)
    {
        OrtForm[] forms = [.. group.Select(form => new OrtForm(form.Name, Model(form.Form, rows, terms), threads))];
        double[][] times = Turns.Microseconds([.. forms.Select(form => (Action)form.Run)], rounds);
        RequireSameResults(forms);
        foreach (OrtForm form in forms)
            form.Dispose();
        return (times, [.. forms.Select(form => form.Operators)]);
    }

    private static Onnx.Wire.ModelProto Model(Form form, int rows, int terms)
    {
        var g = new OrtGraph();
        List<string> values = [.. Enumerable.Range(0, terms).Select(term => g.Input($"term.{term}", rows, Channels))];
        for (int i = 0; i < Sums; i++)
            values.Add(form(new Terms(g, [.. values[^terms..]], rows)));
        g.Output(values[^1], rows, Channels);
        return g.Model(opset: 20);
    }

    private static void RequireSameResults(OrtForm[] forms)
    {
        float[] expected = forms[0].Result();
        foreach (OrtForm form in forms)
            if (form.Result().Zip(expected, (a, b) => Math.Abs(a - b)).Max() > 1e-4)
                throw new InvalidOperationException($"{form.Name} computes something else than {forms[0].Name}.");
    }

    private static string Sum(Terms x) => x.Tokens(x.G.Op("MatMul", [x.Weight(1, -1), x.Stacked()]));

    private static string Conv(Terms x)
    {
        string stacked = x.G.Op("Concat", [.. x.Values.Select(term => x.G.Reshape(term, 1, 1, -1))], Attribute("axis", 1L));
        return x.Tokens(x.G.Op("Conv", [stacked, x.Weight(1, -1, 1)]));
    }

    private static string LastAxis(Terms x)
    {
        string stacked = x.G.Op("Concat", [.. x.Values.Select(term => x.G.Reshape(term, x.Rows, Channels, 1))], Attribute("axis", 2L));
        return x.Tokens(x.G.Op("MatMul", [stacked, x.Weight(-1, 1)]));
    }

    /// <summary>What a form sums: (N, C) each.</summary>
    private sealed record Terms(OrtGraph G, string[] Values, int Rows)
    {
        /// <summary>Of the last term; as small as keeps twelve sums in a row of ordinary size.</summary>
        public float LastWeight { get; init; } = 0.25f;

        public string Last => Values[^1];

        private float[] Weights => [.. Enumerable.Range(1, Values.Length - 1).Select(term => term / 80f), LastWeight];

        public string Flat(string value) => G.Reshape(value, 1, -1);

        public string Tokens(string sum) => G.Reshape(sum, Rows, Channels);

        public string Stacked() => G.Op("Concat", [.. Values.Select(Flat)], Attribute("axis", 0L));

        /// <summary>The weights in a shape, in which −1 stands for k.</summary>
        public string Weight(params long[] shape) => G.Floats("weights", Weights, [.. shape.Select(size => size < 0 ? Values.Length : size)]);

        public string[] Weighted() => [.. Values.Select((term, i) => G.Op("Mul", [term, G.Floats($"weight.{i}", [Weights[i]])]))];

        /// <summary>The sum of all terms but the last.</summary>
        public string SumOfOthers()
        {
            string weights = G.Floats("weights of the others", Weights[..^1], 1, Values.Length - 1);
            string stacked = G.Op("Concat", [.. Values[..^1].Select(Flat)], Attribute("axis", 0L));
            return Tokens(G.Op("MatMul", [weights, stacked]));
        }

        /// <summary>x · Wᵀ, where the sum takes it in with the last weight.</summary>
        public string Project(string x) => G.Op("Gemm", [x, Projection(1)], Attribute("transB", 1L));

        /// <summary>x · (w·W)ᵀ + sum</summary>
        public string Project(string x, string sum) => G.Op("Gemm", [x, Projection(LastWeight), sum], Attribute("transB", 1L));

        public string Norm(string x) =>
            G.Op("LayerNormalization", [x, Ones()], Attribute("axis", -1L), Attribute("epsilon", 1e-5f));

        public string SkipNorm(string x, string skip) =>
            G.Ops(OrtGraph.Microsoft, "SkipLayerNormalization", [x, skip, Ones()], 1, Attribute("epsilon", 1e-5f))[0];

        private string Ones() => G.Floats("ones", [.. Enumerable.Repeat(1f, Channels)], Channels);

        private string Projection(float scale)
        {
            var random = new Random(3);
            return G.Floats("projection",
                [.. Enumerable.Range(0, Channels * Channels).Select(_ => scale * (float)(0.1 * random.NextDouble() - 0.05))],
                Channels, Channels);
        }
    }
}
