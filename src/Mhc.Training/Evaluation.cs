using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>How a model does on text that it was not trained on.</summary>
internal static class Evaluation
{
    /// <summary>How many lines the quantiles are taken over at most.</summary>
    public const int MostLines = 2000;

    /// <summary>Mean loss in nats per token over the same evenly spread windows each time.</summary>
    public static double ValidationLoss(MhcModel model, TextDataset data, TrainingOptions options, Device device)
    {
        using IDisposable noGradients = no_grad();
        int blockSize = model.Config.BlockSize;
        long[] windows = WindowSampler.Even(options.EvalIters * options.BatchSize, data.Validation.WindowCount(blockSize + 1), blockSize);
        double sum = 0;
        foreach (long[] batch in windows.Chunk(options.BatchSize))
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor tokens, Tensor targets) = WindowSampler.Batch(data.Validation, batch, blockSize, device);
            sum += model.Loss(tokens, targets).item<float>() * batch.Length;
        }
        return sum / windows.Length;
    }

    /// <summary>
    /// Quantiles of bits per byte over validation lines, each scored on its own after the prefix token: what a line of ordinary text
    /// scores, so that a threshold for odd ones can be told. Lines longer than the block are cut to it.
    /// </summary>
    public static ValidationQuantiles? BitsPerByte(MhcModel model, TextDataset data, Device device)
    {
        if (data.Tokenizer.PrefixTokenId is not { } prefix)
            return null;
        using IDisposable noGradients = no_grad();
        string[] all = data.ValidationLines;
        int count = Math.Min(MostLines, all.Length);
        var lines = Enumerable.Range(0, count).Select(i => all[(long)all.Length * i / count])
            .Select(line => data.Tokenizer.Encode(line).Take(model.Config.BlockSize).ToArray())
            .Where(ids => ids.Length > 0).OrderBy(ids => ids.Length).ToList();
        if (lines.Count == 0)
            return null;
        var bits = new List<double>();
        foreach (int[][] batch in lines.Chunk(32))
        {
            using DisposeScope scope = NewDisposeScope();
            int longest = batch[^1].Length;
            long[] inputs =
            [
                .. batch.SelectMany(ids => ids.Prepend(prefix).Concat(Enumerable.Repeat(0, longest)).Take(longest)).Select(id => (long)id),
            ];
            long[] targets = [.. batch.SelectMany(ids => ids.Concat(Enumerable.Repeat(0, longest)).Take(longest)).Select(id => (long)id)];
            long[] shape = [batch.Length, longest];
            Tensor tokenLosses = model.TokenLosses(tensor(inputs, shape).to(device), tensor(targets, shape).to(device));
            float[] losses = tokenLosses.cpu().data<float>().ToArray();
            bits.AddRange(batch.Select((ids, row) => losses.Skip(row * longest).Take(ids.Length).Sum(loss => (double)loss)
                / (Math.Log(2) * data.Tokenizer.ByteCount(ids))));
        }
        bits.Sort();
        return new(Quantile(0.5), Quantile(0.95), Quantile(0.99), Quantile(0.999), bits.Count);

        double Quantile(double p) => bits[Math.Min(bits.Count - 1, (int)(p * bits.Count))];
    }
}
