using Mhc.Onnx.Wire;
using static Mhc.Benchmarks.OrtGraph;

namespace Mhc.Benchmarks;

/// <summary>
/// The ways to compute exact causal attention in ONNX Runtime, from q, k and v side by side, (N, 3C), to (N, C); com.microsoft Attention,
/// which has the projection to them inside, from (N, C).
/// </summary>
internal static class AttentionForms
{
    private const int Heads = 6, HeadSize = 64, Channels = Heads * HeadSize;

    private static readonly (int Batch, int Tokens)[] Sizes = [(8, 256), (1, 256), (32, 64), (1, 1024), (1, 16)];

    private delegate string Form(Sequences x, string qkv);

    private static readonly (string Name, Form Form)[] Forms =
    [
        ("Split, Mul, Transposes (K to (B, H, D, T)), MatMul, Add, Softmax, MatMul", Masked),
        ("the same again (control)", Masked),
        ("K to (B, H, T, D), then Transpose", (x, qkv) => Masked(x, qkv, (q, k) =>
            x.G.Op("MatMul", [q, x.Transposed(x.Heads(k), 0, 1, 3, 2)]))),
        ("FusedMatMul transposes K", (x, qkv) => Masked(x, qkv, (q, k) => x.G.Ops(OrtGraph.Microsoft, "FusedMatMul",
            [q, x.Heads(k)], 1, Attribute("transB", 1L))[0])),
        ("one Transpose of (B, T, 3, H, D), then Split", OneTranspose),
        ("Attention of opset 23, is_causal", (x, qkv) => x.Rows(x.G.Op("Attention", x.Batched(qkv),
            Attribute("is_causal", 1L), Attribute("q_num_heads", (long)Heads), Attribute("kv_num_heads", (long)Heads)))),
        ("com.microsoft MultiHeadAttention, unidirectional", (x, qkv) => x.Rows(x.G.Ops(OrtGraph.Microsoft, "MultiHeadAttention",
            x.Batched(qkv), 1, Attribute("num_heads", (long)Heads), Attribute("unidirectional", 1L))[0])),
        ("com.microsoft GroupQueryAttention", GroupQuery),
    ];

    private static readonly (string Name, Form Form)[] Projected =
    [
        ("Gemm, then the first form", (x, rows) => Masked(x, x.Project(rows))),
        ("the same again (control)", (x, rows) => Masked(x, x.Project(rows))),
        ("com.microsoft Attention, unidirectional", (x, rows) => x.Rows(x.G.Ops(OrtGraph.Microsoft, "Attention",
            [x.G.Reshape(rows, x.Batch, x.Tokens, Channels), x.Projection(), x.Bias()], 1,
            Attribute("num_heads", (long)Heads), Attribute("unidirectional", 1L))[0])),
    ];

    public static void Run(int rounds, int threads)
    {
        FormTable.Header($"{Heads} heads of {HeadSize}", threads, rounds, Sizes.Select(size => $"{size.Batch}×{size.Tokens}"));
        foreach (((string Name, Form Form)[] group, int width) in new[] { (Forms, 3 * Channels), (Projected, Channels) })
            FormTable.Rows([.. group.Select(form => form.Name)], Sizes.Select(size =>
                FormTable.Measure([.. group.Select(form => new OrtForm(form.Name, Model(form.Form, size, width), threads))], rounds)),
                perRun: 1);
    }

    private static ModelProto Model(Form form, (int Batch, int Tokens) size, int width)
    {
        var g = new OrtGraph();
        string y = form(new(g, size.Batch, size.Tokens), g.Input("x", size.Batch * size.Tokens, width));
        g.Output(y, size.Batch * size.Tokens, Channels);
        return g.Model(opset: 23);
    }

    private static string Masked(Sequences x, string qkv) =>
        Masked(x, qkv, (q, k) => x.G.Op("MatMul", [q, x.Transposed(x.Split(k), 0, 2, 3, 1)]));

    private static string Masked(Sequences x, string qkv, Func<string, string, string> scores)
    {
        string[] parts = x.Parts(qkv, axis: 1);
        return x.Values(scores(x.Heads(x.Scaled(parts[0])), parts[1]), x.Heads(parts[2]));
    }

    private static string OneTranspose(Sequences x, string qkv)
    {
        string all = x.Transposed(x.G.Reshape(qkv, x.Batch, x.Tokens, 3, Heads, HeadSize), 2, 0, 3, 1, 4);
        string[] parts = [.. x.Parts(all, axis: 0).Select(part => x.G.Reshape(part, x.Batch, Heads, x.Tokens, HeadSize))];
        return x.Values(x.G.Op("MatMul", [x.Scaled(parts[0]), x.Transposed(parts[1], 0, 1, 3, 2)]), parts[2]);
    }

    // There are no keys and values of earlier tokens.
    private static string GroupQuery(Sequences x, string qkv)
    {
        string past = x.G.Floats("past", [], x.Batch, Heads, 0, HeadSize);
        string lengths = x.G.Int32("lengths", [.. Enumerable.Repeat(x.Tokens - 1, x.Batch)], x.Batch);
        return x.Rows(x.G.Ops(OrtGraph.Microsoft, "GroupQueryAttention",
            [.. x.Batched(qkv), past, past, lengths, x.G.Int32("total", [x.Tokens])], 3,
            Attribute("num_heads", (long)Heads), Attribute("kv_num_heads", (long)Heads))[0]);
    }

    /// <summary>B sequences of T tokens, and what the forms share.</summary>
    private sealed record Sequences(OrtGraph G, int Batch, int Tokens)
    {
        public string[] Parts(string x, int axis) =>
            G.Ops("", "Split", [x], 3, Attribute("axis", (long)axis), Attribute("num_outputs", 3L));

        public string Transposed(string x, params long[] order) => G.Op("Transpose", [x], Attribute("perm", order));

        /// <summary>(N, C) → (B, T, H, D)</summary>
        public string Split(string rows) => G.Reshape(rows, Batch, Tokens, AttentionForms.Heads, HeadSize);

        /// <summary>(N, C) → (B, H, T, D)</summary>
        public string Heads(string rows) => Transposed(Split(rows), 0, 2, 1, 3);

        public string Scaled(string q) => G.Op("Mul", [q, G.Floats("scale", [1 / MathF.Sqrt(HeadSize)])]);

        /// <summary>Scores (B, H, T, T) and v (B, H, T, D) → (N, C)</summary>
        public string Values(string scores, string v)
        {
            float[] mask = [.. Enumerable.Range(0, Tokens * Tokens).Select(i => i % Tokens > i / Tokens ? float.NegativeInfinity : 0)];
            string masked = G.Op("Add", [scores, G.Floats("mask", mask, Tokens, Tokens)]);
            return Rows(Transposed(G.Op("MatMul", [G.Op("Softmax", [masked], Attribute("axis", -1L)), v]), 0, 2, 1, 3));
        }

        public string Rows(string y) => G.Reshape(y, Batch * Tokens, Channels);

        /// <summary>(N, 3C) → (B, T, C) three times</summary>
        public string[] Batched(string qkv) => [.. Parts(qkv, axis: 1).Select(part => G.Reshape(part, Batch, Tokens, Channels))];

        public string Project(string rows) => G.Op("Gemm", [rows, Projection(), Bias()]);

        public string Projection() => G.Floats("c_attn", Noise.Of(3 * Channels * Channels, 0.05f), Channels, 3 * Channels);

        public string Bias() => G.Floats("bias", Noise.Of(3 * Channels, 0.05f), 3 * Channels);
    }
}
