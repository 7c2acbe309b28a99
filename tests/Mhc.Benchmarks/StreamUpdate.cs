using System.Diagnostics;
using System.Globalization;
using Mhc.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Benchmarks;

/// <summary>
/// Which form of the stream update is fastest in training: forward and backward through the blocks of one model (embedding and head left
/// out), the forms taken in turn, against the plain residual. A second plain residual is the control: its ratio is the noise.
/// </summary>
internal static class StreamUpdate
{
    private const int Layers = 6, Heads = 6, Channels = 384, Batch = 8, Tokens = 256, Streams = 4;

    public static void Run(int rounds)
    {
        var config = new MhcConfig
        {
            VocabSize = 65,
            BlockSize = Tokens,
            NLayer = Layers,
            NHead = Heads,
            NEmbd = Channels,
            Streams = Streams,
        };
        using var model = new MhcModel(config, 1, CPU);
        using Tensor e = randn(Batch, Tokens, Channels);
        (string Name, Action Pass)[] forms =
        [
            ("plain residual", () => Differentiated(Plain(model, e))),
            ("plain residual again (control)", () => Differentiated(Plain(model, e))),
            ("unrolled, with its own backward pass", () => Unrolled(model, e)),
            ("addmm: H_resᵀ·X + outer(h_post, y)", () => Differentiated(Stacked(model, e,
                (h, b, x, y) => addmm(outer(h.HPost[b], y), h.HRes[b].t(), x, 1, 1)))),
            ("matmul, then add the outer product", () => Differentiated(Stacked(model, e,
                (h, b, x, y) => matmul(h.HRes[b].t(), x) + outer(h.HPost[b], y)))),
            ("augmented: one (S+1)×(S+1) matmul on [X; y]", () => Differentiated(Augmented(model, e))),
            ("one multiplication and addition a term", () => Differentiated(Stacked(model, e, Terms))),
        ];
        double[][] times = [.. forms.Select(_ => new double[rounds])];
        for (int round = -2; round < rounds; round++) // Two rounds to warm up.
        {
            foreach ((int form, (_, Action pass)) in forms.Index())
            {
                using DisposeScope scope = NewDisposeScope();
                model.Parameters.ZeroGradients();
                var watch = Stopwatch.StartNew();
                pass();
                if (round >= 0)
                    times[form][round] = watch.Elapsed.TotalSeconds;
            }
        }

        Console.WriteLine($"{Layers} blocks, C={Channels}, batch {Batch} x {Tokens}, S={Streams}, float32, "
            + $"{get_num_threads()} threads, {rounds} rounds");
        Console.WriteLine();
        Console.WriteLine("| form | minimum, s | ratio | median, s | ratio |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach ((int form, (string name, _)) in forms.Index())
        {
            (double minimum, double median) = (times[form].Min(), Median(times[form]));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {minimum:f3} | {minimum / times[0].Min():f3} | {median:f3} | {median / Median(times[0]):f3} |"));
        }
    }

    private static void Differentiated(Tensor result) => result.sum().backward();

    private static void Unrolled(MhcModel model, Tensor e)
    {
        var streams = new UnrolledStreams(model, model.Mhc!, training: true);
        streams.Backward(ones_like(streams.Forward(e)));
    }

    private static Tensor Branch(MhcModel model, int sublayer, Tensor branchInput)
    {
        Tensor? firstValues = null;
        return model.Branch(sublayer, branchInput, ref firstValues);
    }

    private static Tensor Plain(MhcModel model, Tensor e)
    {
        Tensor x = e;
        for (int b = 0; b < 2 * Layers; b++)
            x = x + Branch(model, b, x);
        return x;
    }

    private static Tensor Stacked(MhcModel model, Tensor e, Func<StaticMhc.Matrices, int, Tensor, Tensor, Tensor> write)
    {
        StaticMhc.Matrices h = model.Mhc!.Project();
        Tensor x = e.flatten().expand(Streams, -1);
        for (int b = 0; b < 2 * Layers; b++)
            x = write(h, b, x, Branch(model, b, StaticMhc.Read(h, b, x).view(e.shape)).flatten());
        return x;
    }

    // [new streams; next u] = A · [streams; y], with A built from this sublayer's H_res and h_post and the next one's h_pre.
    private static Tensor Augmented(MhcModel model, Tensor e)
    {
        StaticMhc.Matrices h = model.Mhc!.Project();
        Tensor x = e.flatten().expand(Streams, -1);
        Tensor u = StaticMhc.Read(h, 0, x);
        for (int b = 0; b < 2 * Layers; b++)
        {
            Tensor y = Branch(model, b, u.view(e.shape)).flatten();
            Tensor update = cat([h.HRes[b].t(), h.HPost[b].unsqueeze(1)], 1);                        // (S, S+1)
            Tensor read = matmul(h.HPre[Math.Min(b + 1, (2 * Layers) - 1)].unsqueeze(0), update);    // (1, S+1)
            Tensor next = matmul(cat([update, read], 0), cat([x, y.unsqueeze(0)], 0));               // (S+1, N)
            (x, u) = (next.narrow(0, 0, Streams), next[Streams]);
        }
        return x;
    }

    private static Tensor Terms(StaticMhc.Matrices h, int b, Tensor x, Tensor y) => stack(Enumerable.Range(0, Streams).Select(to =>
        Enumerable.Range(0, Streams).Aggregate(h.HPost[b, to] * y, (sum, from) => sum + (h.HRes[b, from, to] * x[from]))));

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
