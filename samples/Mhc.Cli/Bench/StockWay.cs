using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Onnx;

namespace Mhc.Cli.Bench;

/// <summary>
/// ML.NET's own ONNX transformer: one run a row, one text a row. It takes only inputs of two dimensions with one of them open, so the
/// graph is the one that gives logits. The rows hold ids already and nobody makes probabilities of the logits: it is spared both.
/// </summary>
internal sealed class StockWay : IScoringWay
{
    private readonly int _vocabSize;
    private readonly OnnxTransformer _transformer;
    private readonly IDataView _scored;

    public StockWay(ScoringModel model, string[] texts, int threads)
    {
        _vocabSize = model.VocabSize;
        var mlContext = new MLContext();
        Row[] encoded = [.. texts.Select(text => new Row { Ids = [model.Prefix, .. model.Encode(text).SkipLast(1)] })];
        IDataView rows = mlContext.Data.LoadFromEnumerable(encoded);
        _transformer = mlContext.Transforms.ApplyOnnxModel(new OnnxOptions
        {
            ModelFile = model.Logits,
            InputColumns = ["input_ids"],
            OutputColumns = ["logits"],
            IntraOpNumThreads = threads,
        }).Fit(rows);
        _scored = _transformer.Transform(rows);
    }

    public string Name => "ML.NET, ApplyOnnxModel";

    public long Score() => _scored.GetColumn<VBuffer<float>>("logits").Sum(logits => (long)logits.Length) / _vocabSize;

    public void Dispose() => _transformer.Dispose();

    private sealed class Row
    {
        [ColumnName("input_ids")]
        public long[] Ids { get; set; } = [];
    }
}
