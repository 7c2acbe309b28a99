namespace Mhc.Onnx.Tests;

public class StreamWeightsTests
{
    // By hand: H_res[from, to] sends a quarter of stream 0 to stream 1, h_pre reads stream 0, h_post writes to stream 1 only.
    private static readonly HMatrices Sublayer = new("transformer.h.0.hc_attn", [1, 0], [[0.75, 0.25], [0.5, 0.5]], [0, 1]);

    [Fact]
    public void AreTheProductsOfTheMatricesOnTheWay()
    {
        StreamWeights embedding = StreamWeights.OfEmbedding(2), once = embedding.Write(Sublayer), twice = once.Write(Sublayer);

        // new[0] = 0.75 e + 0.5 e; new[1] = 0.25 e + 0.5 e + y_0
        Assert.Equal([1], embedding.Read(Sublayer));
        Assert.Equal([1.25, 0], once.Read(Sublayer));
        Assert.Equal([[0.75 * 1.25 + 0.5 * 0.75, 0.5, 0], [0.25 * 1.25 + 0.5 * 0.75, 0.5, 1]], twice.Rows);
    }

    [Fact]
    public void OfStreamsAreTheMatricesThemselves() =>
        Assert.Equal([[0.75, 0.5, 0], [0.25, 0.5, 1]], StreamWeights.OfStreams(2).Write(Sublayer).Rows);
}
