using Mhc.Onnx.Wire;
using static System.FormattableString;
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
        FormTable.Header($"C={Channels}", threads, rounds, sizes.Select(size => $"N={size.Rows}, k={size.Terms}"));
        foreach ((string Name, Form Form)[] group in new[] { Plain, Projected, Normed })
            FormTable.Rows([.. group.Select(form => form.Name)], sizes.Select(size =>
                FormTable.Measure(
                    [.. group.Select(form => new OrtForm(form.Name, Model(form.Form, size.Rows, size.Terms), threads))], rounds)),
                perRun: Sums);
        // What LayoutCost reckons for Concat + MatMul: Concat reads and writes every term, MatMul reads them and writes one.
        FormTable.Row("20 GB/s and 4 µs an operator, µs", sizes.Select(size => Invariant(
            $"{(3 * size.Terms + 1) * size.Rows * Channels * 4 / 20e3 + 4 * 4:f1}")), "");
    }

    private static ModelProto Model(Form form, int rows, int terms)
    {
        var g = new OrtGraph();
        List<string> values = [.. Enumerable.Range(0, terms).Select(term => g.Input($"term.{term}", rows, Channels))];
        for (int i = 0; i < Sums; i++)
            values.Add(form(new Terms(g, [.. values[^terms..]], rows)));
        g.Output(values[^1], rows, Channels);
        return g.Model(opset: 20);
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
        public string Weight(params long[] shape) =>
            G.Floats("weights", Weights, [.. shape.Select(size => size < 0 ? Values.Length : size)]);

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

        private string Projection(float scale) =>
            G.Floats("projection", Noise.Of(Channels * Channels, 0.05f * scale), Channels, Channels);
    }
}
