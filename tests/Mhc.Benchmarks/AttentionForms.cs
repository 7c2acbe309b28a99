using System.Globalization;
using static Mhc.Benchmarks.OrtGraph;

namespace Mhc.Benchmarks;

/// <summary>
/// The ways to compute exact causal attention in ONNX Runtime, from q, k, v side by side (N, 3C) to (N, C): the projections before and
/// behind it are the same in all.
/// </summary>
internal static class AttentionForms
{
    private const int Heads = 6, HeadSize = 64, Channels = Heads * HeadSize;

    private static readonly (int Batch, int Tokens)[] Sizes = [(8, 256), (1, 256), (32, 64), (1, 1024), (1, 16)];

    private delegate string Form(OrtGraph g, string qkv, int batch, int tokens);

    private static readonly (string Name, int Opset, Form Form)[] Forms =
    [
        ("Split, scale, Transposes with K transposed, mask, Softmax", 20, (g, x, b, t) => Today(g, x, b, t, scaled: true, transposed: true)),
        ("the same again (control)", 20, (g, x, b, t) => Today(g, x, b, t, scaled: true, transposed: true)),
        ("the same, scale folded into c_attn", 20, (g, x, b, t) => Today(g, x, b, t, scaled: false, transposed: true)),
        ("K (B, H, T, D) and Transpose before MatMul", 20, (g, x, b, t) => Today(g, x, b, t, scaled: false, transposed: false)),
        ("one Transpose of (B, T, 3, H, D), then Split", 20, OneTranspose),
        ("Where in place of Add", 20, (g, x, b, t) => Today(g, x, b, t, scaled: false, transposed: true, where: true)),
        ("scale and mask folded: MatMul with a causal product", 20, Augmented),
        ("Attention of opset 23, is_causal", 23, Standard),
        ("com.microsoft MultiHeadAttention", 20, MultiHead),
        ("com.microsoft GroupQueryAttention", 20, GroupQuery),
    ];

    public static void Run(int rounds, int threads)
    {
        Console.WriteLine($"{Heads} heads of {HeadSize}, float32, {threads} threads, {rounds} rounds: lowest ratio (median of ratios)");
        var rows = Forms.Select(form => new List<string> { form.Name }).ToArray();
        var operators = new string[Forms.Length];
        foreach ((int batch, int tokens) in Sizes)
        {
            OrtForm?[] forms = [.. Forms.Select((form, i) => Open(form, batch, tokens, threads))];
            OrtForm[] open = [.. forms.OfType<OrtForm>()];
            foreach (OrtForm form in open)
                form.Run();
            double[][] times = Turns.Microseconds([.. open.Select(form => (Action)form.Run)], rounds);
            for (int i = 0; i < forms.Length; i++)
            {
                int at = Array.IndexOf(open, forms[i]);
                operators[i] = forms[i]?.Operators ?? "";
                double worst = forms[i] is { } f ? f.Result().Zip(open[0].Result(), (a, b) => Math.Abs(a - b)).Max() : 0;
                rows[i].Add(at < 0 ? "not there" : string.Create(CultureInfo.InvariantCulture,
                    $"{times[at].Min() / times[0].Min():f3} ({Turns.Median(times[at].Zip(times[0], (a, b) => a / b)):f3}) {worst:g1}"));
            }
            Console.WriteLine($"{batch}x{tokens}: {times[0].Min():f0} us");
            foreach (OrtForm form in open)
                form.Dispose();
        }
        Console.WriteLine($"| form | {string.Join(" | ", Sizes.Select(size => $"{size.Batch}×{size.Tokens}"))} | operators |");
        foreach ((int i, List<string> row) in rows.Index())
            Console.WriteLine($"| {string.Join(" | ", row)} | {operators[i]} |");
    }

    private static OrtForm? Open((string Name, int Opset, Form Form) form, int batch, int tokens, int threads)
    {
        var g = new OrtGraph();
        string x = g.Input("qkv", batch * tokens, 3 * Channels);
        string y = form.Form(g, x, batch, tokens);
        g.Output(y, batch * tokens, Channels);
        try
        {
            return new(form.Name, g.Model(form.Opset), threads);
        }
        catch (Microsoft.ML.OnnxRuntime.OnnxRuntimeException e)
        {
            Console.WriteLine($"{form.Name}: {e.Message}");
            return null;
        }
    }

    private static string[] Split(OrtGraph g, string x, int axis) =>
        g.Ops("", "Split", [x], 3, Attribute("axis", (long)axis), Attribute("num_outputs", 3L));

    private static string Transpose(OrtGraph g, string x, params long[] order) => g.Op("Transpose", [x], Attribute("perm", order));

    private static string Scale(OrtGraph g, string x, bool scaled) =>
        g.Op("Mul", [x, g.Floats("scale", [scaled ? 1 / MathF.Sqrt(HeadSize) : 1], [])]);

    private static string Today(OrtGraph g, string x, int batch, int tokens, bool scaled, bool transposed, bool where = false)
    {
        string[] qkv = Split(g, x, 1);
        string Heads(string rows, params long[] order) =>
            Transpose(g, g.Reshape(rows, batch, tokens, AttentionForms.Heads, HeadSize), order);
        string q = Heads(scaled ? Scale(g, qkv[0], true) : qkv[0], 0, 2, 1, 3);
        string k = transposed ? Heads(qkv[1], 0, 2, 3, 1) : Transpose(g, Heads(qkv[1], 0, 2, 1, 3), 0, 1, 3, 2);
        string v = Heads(qkv[2], 0, 2, 1, 3);
        return Values(g, Masked(g, g.Op("MatMul", [q, k]), tokens, where), v, batch, tokens);
    }

    private static string Values(OrtGraph g, string scores, string v, int batch, int tokens)
    {
        string y = g.Op("MatMul", [g.Op("Softmax", [scores], Attribute("axis", -1L)), v]);
        return g.Reshape(Transpose(g, y, 0, 2, 1, 3), batch * tokens, Channels);
    }

    private static float[] Mask(int tokens) =>
        [.. Enumerable.Range(0, tokens * tokens).Select(i => i % tokens > i / tokens ? float.NegativeInfinity : 0)];

    private static string Masked(OrtGraph g, string scores, int tokens, bool where = false)
    {
        string mask = g.Floats("mask", Mask(tokens), tokens, tokens);
        return where ? g.Op("Where", [g.Op("Equal", [mask, g.Floats("zero", [0], [])]), scores, mask]) : g.Op("Add", [scores, mask]);
    }

    private static string OneTranspose(OrtGraph g, string x, int batch, int tokens)
    {
        string all = Transpose(g, g.Reshape(x, batch, tokens, 3, AttentionForms.Heads, HeadSize), 2, 0, 3, 1, 4);
        string[] qkv = [.. Split(g, all, 0).Select(part => g.Reshape(part, batch, AttentionForms.Heads, tokens, HeadSize))];
        return Values(g, Masked(g, g.Op("MatMul", [qkv[0], Transpose(g, qkv[1], 0, 1, 3, 2)]), tokens), qkv[2], batch, tokens);
    }

    // FusedMatMul scales and transposes.
    private static string Augmented(OrtGraph g, string x, int batch, int tokens)
    {
        string[] qkv = Split(g, x, 1);
        string Heads(string rows) => Transpose(g, g.Reshape(rows, batch, tokens, AttentionForms.Heads, HeadSize), 0, 2, 1, 3);
        string scores = g.Ops(OrtGraph.Microsoft, "FusedMatMul", [Heads(qkv[0]), Heads(qkv[1])], 1,
            Attribute("transB", 1L), Attribute("alpha", 1 / MathF.Sqrt(HeadSize)))[0];
        return Values(g, Masked(g, scores, tokens), Heads(qkv[2]), batch, tokens);
    }

    private static string[] Batched(OrtGraph g, string x, int batch, int tokens) =>
        [.. Split(g, x, 1).Select(part => g.Reshape(part, batch, tokens, Channels))];

    private static string Standard(OrtGraph g, string x, int batch, int tokens) =>
        g.Reshape(g.Op("Attention", Batched(g, x, batch, tokens), Attribute("is_causal", 1L), Attribute("q_num_heads", (long)Heads),
            Attribute("kv_num_heads", (long)Heads)), batch * tokens, Channels);

    private static string MultiHead(OrtGraph g, string x, int batch, int tokens) =>
        g.Reshape(g.Ops(OrtGraph.Microsoft, "MultiHeadAttention", Batched(g, x, batch, tokens), 1,
            Attribute("num_heads", (long)Heads), Attribute("unidirectional", 1L))[0], batch * tokens, Channels);

    // Keys and values of earlier tokens: none.
    private static string GroupQuery(OrtGraph g, string x, int batch, int tokens)
    {
        string[] qkv = Batched(g, x, batch, tokens);
        string past = g.Floats("past", [], batch, Heads, 0, HeadSize);
        string lengths = g.Int32("lengths", [.. Enumerable.Repeat(tokens - 1, batch)], batch);
        return g.Reshape(g.Ops(OrtGraph.Microsoft, "GroupQueryAttention",
            [.. qkv, past, past, lengths, g.Int32("total", [tokens], [])], 3,
            Attribute("num_heads", (long)Heads), Attribute("kv_num_heads", (long)Heads))[0], batch * tokens, Channels);
    }
}
