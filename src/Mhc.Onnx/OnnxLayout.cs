namespace Mhc.Onnx;

/// <summary>How the residual streams of static mHC stand in the graph. All are exact; docs/architecture.md compares them.</summary>
public enum OnnxLayout
{
    /// <summary>
    /// <see cref="Chunked"/> with the chunk length that costs least for the model's depth and width, or <see cref="Unrolled"/>.
    /// </summary>
    Auto,

    /// <summary>S streams, one operator for each formula of the paper: the plainest to read.</summary>
    Streams,

    /// <summary>S streams, one constant (S + 1, S + 1) matrix a sublayer.</summary>
    Augmented,

    /// <summary>No streams: each branch input is a sum of the embedding and all earlier branch outputs.</summary>
    Unrolled,

    /// <summary>Unrolled within chunks of a few sublayers, with the streams between them.</summary>
    Chunked,
}
