using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>Takes the inner products of the residual streams during the next forward pass, and of no other.</summary>
internal sealed class StreamObserver : IDisposable
{
    private readonly MhcModel _model;
    private readonly List<double[,]> _grams = [];
    private long _elements;

    public StreamObserver(MhcModel model)
    {
        _model = model;
        model.ObserveStreams = Observe;
    }

    /// <summary>What was seen; null where the design has no streams.</summary>
    public StreamDiagnostics? Diagnostics => _grams.Count == 0 ? null : StreamDiagnostics.Of(_grams, _elements);

    public void Dispose() => _model.ObserveStreams = null;

    // In double: cosines near 1 and small singular values are lost in float32, and in TF32 everything is.
    private void Observe(int sublayer, Tensor streams)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor values = streams.detach().to(ScalarType.Float64);                               // (S, N)
        _grams.Add(MatrixMath.Square(matmul(values, values.t()).cpu().data<double>().ToArray()));
        _elements = streams.shape[1];
        if (sublayer == _model.Config.Sublayers - 1)
            _model.ObserveStreams = null;
    }
}
