using Mhc.Cli;
using Mhc.Onnx;

namespace Mhc.Integration.Tests;

public class UnfoldedStreams
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 5)]
    [InlineData(4, 6)]
    public void WeighTheEmbeddingAndTheOutputsAsTheRecurrenceDoes(int streams, int sublayers)
    {
        var random = new Random(streams);
        double[] Vector(int size) => [.. Enumerable.Range(0, size).Select(_ => random.NextDouble())];
        HMatrices[] matrices =
        [
            .. Enumerable.Range(0, sublayers).Select(_ =>
                new HMatrices("", Vector(streams), [.. Enumerable.Range(0, streams).Select(_ => Vector(streams))], Vector(streams))),
        ];
        double[] sources = Vector(sublayers + 1); // The embedding, and each sublayer's output, whatever it reads.

        double[,] weights = ConnectionPlot.Weights(matrices);

        double[] state = [.. Enumerable.Repeat(sources[0], streams)];
        for (int b = 0; b < sublayers; b++)
        {
            HMatrices h = matrices[b];
            Assert.Equal(Enumerable.Range(0, streams).Sum(s => h.HPre[s] * state[s]), Read(b), 1e-9);
            state = [.. Enumerable.Range(0, streams)
                .Select(to => Enumerable.Range(0, streams).Sum(from => h.HRes[from][to] * state[from]) + (h.HPost[to] * sources[b + 1]))];
        }
        Assert.Equal(state.Average(), Read(sublayers), 1e-9);

        double Read(int reader) => Enumerable.Range(0, sublayers + 1).Sum(source =>
        {
            Assert.Equal(source > reader, double.IsNaN(weights[reader, source]));
            return source > reader ? 0 : weights[reader, source] * sources[source];
        });
    }
}
