namespace Mhc.Onnx;

/// <summary>
/// What the stream sums of a chunked graph cost on a CPU. The constants were measured (docs/benchmarks/graph.md): a sum is bound by memory,
/// and on few tokens by the operators' own overhead.
/// </summary>
internal static class LayoutCost
{
    private const double BytesPerMicrosecond = 20_000, MicrosecondsPerOperator = 4;
    private const int Tokens = 256; // Between one token at a time and a full batch.

    /// <summary>The number of sublayers in a chunk: all of them where that is the layout, or costs least.</summary>
    public static int ChunkLength(OnnxLayout layout, MhcConfig config) =>
        layout == OnnxLayout.Unrolled || (layout == OnnxLayout.Auto && config.Streams == 1) // One stream needs one addition for each read.
            ? config.Sublayers
            : Enumerable.Range(1, layout == OnnxLayout.Chunked ? config.Sublayers - 1 : config.Sublayers)
                .MinBy(length => Microseconds(length, config));

    private static double Microseconds(int chunkLength, MhcConfig config)
    {
        long elements = 0, operators = 0;
        int entering = 1; // The embedding; then the streams, which are one tensor.
        for (int sublayer = 0; sublayer < config.Sublayers; sublayer++)
        {
            int since = sublayer % chunkLength;
            if (since == 0 && sublayer > 0)
            {
                Sum(outputs: chunkLength, rows: config.Streams);
                entering = config.Streams;
            }
            if (entering + since > 1)
                Sum(since, rows: 1);
        }
        Sum((config.Sublayers - 1) % chunkLength + 1, config.Streams);
        return elements * (double)config.NEmbd * Tokens * sizeof(float) / BytesPerMicrosecond + operators * MicrosecondsPerOperator;

        // Concat reads and writes every term, MatMul reads them and writes the rows; a Reshape on each side moves nothing.
        void Sum(int outputs, int rows)
        {
            int terms = entering + outputs;
            elements += (outputs > 0 ? 2 * terms : 0) + terms + rows;
            operators += outputs > 0 ? 4 : 3;
        }
    }
}
