using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// Bits per byte of validation texts, each scored on its own, exactly as <c>mhc score</c> scores it from the exported model: after the
/// prefix token, in windows where it is longer than the context, over all its bytes.
/// </summary>
internal static class ValidationScores
{
    /// <summary>How many texts and how many tokens of them are scored at most: less than a minute for a small model on a CPU.</summary>
    private const int MostTexts = 2000, MostTokens = 1 << 19;

    /// <summary>Null where no text has a token to be scored.</summary>
    /// <param name="tokensPerBatch">Tokens, padding included, that go through the model at once.</param>
    public static BitsPerByteQuantiles? Quantiles(MhcModel model, TextDataset data, int tokensPerBatch, Device device)
    {
        (string unit, string[] texts) = data.ValidationTexts;
        // What is longer is no line or document that anyone would score.
        ScoredText[] scored = Even([.. texts.Where(text => text.Length <= MostTokens)], MostTexts, text => Encode(text, data.Tokenizer));
        long tokens = scored.Sum(text => (long)text.Sequence.Length);
        if (tokens > MostTokens)
            scored = Even(scored, (int)Math.Max(1, scored.Length * (long)MostTokens / tokens), text => text);
        scored = [.. scored.Where(text => text.Positions > 0)];
        if (scored.Length == 0)
            return null;
        Score(scored, model, tokensPerBatch, device);
        return BitsPerByteQuantiles.Of(unit, scored.Select(text => text.BitsPerByte));
    }

    // The same ones each time, spread from the first to the last.
    private static TResult[] Even<T, TResult>(T[] all, int most, Func<T, TResult> select)
    {
        int count = Math.Min(most, all.Length);
        return [.. Enumerable.Range(0, count).Select(i => select(all[(long)all.Length * i / count]))];
    }

    private static ScoredText Encode(string text, TextTokenizer tokenizer)
    {
        IReadOnlyList<int> ids = tokenizer.Encode(text);
        return new(tokenizer.PrefixTokenId is { } prefix && ids.Count > 0 ? [prefix, .. ids] : [.. ids], Encoding.UTF8.GetByteCount(text));
    }

    private static void Score(ScoredText[] texts, MhcModel model, int tokensPerBatch, Device device)
    {
        using IDisposable noGradients = no_grad();
        Window[] windows = [.. texts.SelectMany(text => Cut(text, model.Config.BlockSize)).OrderBy(window => window.Length)];
        for (int first = 0, rows; first < windows.Length; first += rows)
        {
            rows = 1; // All are padded to the last one's length.
            while (first + rows < windows.Length && (rows + 1) * windows[first + rows].Length <= tokensPerBatch)
                rows++;
            Score(windows.AsSpan(first, rows), model, device);
        }
    }

    private static void Score(ReadOnlySpan<Window> windows, MhcModel model, Device device)
    {
        using DisposeScope scope = NewDisposeScope();
        int longest = windows[^1].Length;
        long[] inputs = new long[windows.Length * longest], targets = new long[inputs.Length];
        for (int row = 0; row < windows.Length; row++)
        {
            for (int t = 0; t < windows[row].Length; t++)
            {
                int[] sequence = windows[row].Text.Sequence;
                inputs[(row * longest) + t] = sequence[windows[row].Start + t];
                targets[(row * longest) + t] = sequence[windows[row].Start + t + 1];
            }
        }
        long[] shape = [windows.Length, longest];
        using Tensor losses = model.TokenLosses(tensor(inputs, shape).to(device), tensor(targets, shape).to(device)).cpu();
        ReadOnlySpan<float> values = losses.data<float>().ToArray();
        for (int row = 0; row < windows.Length; row++)
            foreach (float loss in values[((row * longest) + windows[row].FirstScored)..((row * longest) + windows[row].Length)])
                windows[row].Text.Nats += loss;
    }

    // As the scorer cuts: each further window begins half a context later, the last one moves back until it is full.
    private static IEnumerable<Window> Cut(ScoredText text, int contextLength)
    {
        int step = Math.Max(1, contextLength / 2), scored = 0;
        for (int start = 0; scored < text.Positions; start += step)
        {
            start = Math.Min(start, Math.Max(0, text.Positions - contextLength));
            int length = Math.Min(contextLength, text.Positions - start);
            yield return new(text, start, length, scored - start);
            scored = start + length;
        }
    }

    /// <summary>A text's tokens, after the prefix where there is one; each but the first is scored.</summary>
    private sealed class ScoredText(int[] sequence, int byteCount)
    {
        public int[] Sequence => sequence;

        public int Positions => Math.Max(0, sequence.Length - 1);

        public double Nats { get; set; }

        public double BitsPerByte => Nats / (Math.Log(2) * byteCount);
    }

    /// <summary>Positions of a text, of which those from <paramref name="FirstScored"/> on, counted from the start, are scored.</summary>
    private readonly record struct Window(ScoredText Text, int Start, int Length, int FirstScored);
}
