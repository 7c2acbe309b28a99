using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Mhc.MLNet.Tests.Kit;

/// <summary>A checkpoint folder (docs/checkpoint-format.md) with seeded noise for weights: no value is degenerate.</summary>
internal sealed record Checkpoint
{
    public int VocabSize { get; init; } = 256;

    public int BlockSize { get; init; } = 16;

    public int Channels { get; init; } = 20;

    public int Heads { get; init; } = 2;

    public int Blocks { get; init; } = 2;

    public string? Tokenizer { get; init; }

    /// <value>A further key of metrics.json, with a comma before it; empty as in version 0.1.</value>
    public string Quantiles { get; init; } = "";

    public static string DataSha256 { get; } = new('a', 64);

    private const int Streams = 3;

    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
            {
              "format_version": 1, "vocab_size": {{VocabSize}}, "block_size": {{BlockSize}}, "n_layer": {{Blocks}}, "n_head": {{Heads}},
              "n_embd": {{Channels}}, "bias": false, "dropout": 0, "residual": "mhc", "streams": {{Streams}}, "h_res": "sinkhorn",
              "h_res_iters": 20, "h_res_tau": 1, "h_pre": "softmax", "h_post": "softmax", "stream_reduce": "sum", "init": "live"
            }
            """);
        if (Tokenizer is not null)
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), Tokenizer);
        File.WriteAllText(Path.Combine(folder, "metrics.json"), $$"""
            {
              "step": 3, "train_loss": 2.5, "val_loss": 2.75, "data_sha256": "{{DataSha256}}",
              "validation": { "p50": 1.5, "p95": 2.5, "p99": 3.5, "p99.9": 4.5, "texts": 7 }{{Quantiles}}
            }
            """);
        WriteWeights(Path.Combine(folder, "model.safetensors"));
        return folder;
    }

    private IEnumerable<(string Name, int[] Shape)> Parameters()
    {
        int c = Channels;
        yield return ("lm_head.weight", [VocabSize, c]);
        yield return ("transformer.wpe.weight", [BlockSize, c]);
        for (int i = 0; i < Blocks; i++)
        {
            string block = $"transformer.h.{i}";
            yield return ($"{block}.ln_1.weight", [c]);
            yield return ($"{block}.attn.c_attn.weight", [3 * c, c]);
            yield return ($"{block}.attn.c_proj.weight", [c, c]);
            yield return ($"{block}.ln_2.weight", [c]);
            yield return ($"{block}.mlp.c_fc.weight", [4 * c, c]);
            yield return ($"{block}.mlp.c_proj.weight", [c, 4 * c]);
            foreach (string sublayer in (string[])["hc_attn", "hc_mlp"])
            {
                yield return ($"{block}.{sublayer}.H_res_logits", [Streams, Streams]);
                yield return ($"{block}.{sublayer}.H_pre_logits", [Streams]);
                yield return ($"{block}.{sublayer}.H_post_logits", [Streams]);
            }
        }
        yield return ("transformer.ln_f.weight", [c]);
    }

    private void WriteWeights(string path)
    {
        var header = new Dictionary<string, object>();
        var data = new List<float>();
        var random = new Random(Seed: 1);
        foreach ((string name, int[] shape) in Parameters())
        {
            int start = data.Count;
            int size = shape.Aggregate(1, (product, n) => product * n);
            for (int i = 0; i < size; i++)
                data.Add((float)(random.NextDouble() - 0.5));
            header[name] = new { dtype = "F32", shape, data_offsets = new[] { start * 4, data.Count * 4 } };
        }
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(path, [.. length, .. json, .. MemoryMarshal.AsBytes<float>(data.ToArray())]);
    }
}
