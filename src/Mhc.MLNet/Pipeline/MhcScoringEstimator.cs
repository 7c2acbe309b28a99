using Mhc.MLNet.ModelZip;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

internal sealed class MhcScoringEstimator(MLContext mlContext, MhcScoringOptions options) : IEstimator<MhcScoringTransformer>
{
    public MhcScoringTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _ = new ScoringSchema(input.Schema, options); // a wrong column is told before a large model is opened
        return new MhcScoringTransformer(options, OnnxFile.At(options.ModelPath));
    }

    /// <summary>
    /// ML.NET keeps the constructor of a shape's columns to itself, so a stock estimator with the same columns is asked; its checks of the
    /// input are then ML.NET's own too.
    /// </summary>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        var input = SchemaDefinition.Create(typeof(Input));
        input[nameof(Input.Text)].ColumnName = options.TextColumn;
        var output = SchemaDefinition.Create(typeof(Output));
        foreach ((string name, _) in OutputColumns.All)
            output[name].ColumnName = options.ColumnPrefix + name;
        return mlContext.Transforms.CustomMapping<Input, Output>((_, _) => { }, null, input, output).GetOutputSchema(inputSchema);
    }

    private sealed class Input
    {
        public ReadOnlyMemory<char> Text { get; set; }
    }

    private sealed class Output
    {
        public float LogLikelihood { get; set; }

        public float Perplexity { get; set; }

        public float BitsPerByte { get; set; }

        public int TokenCount { get; set; }

        public int UnknownCount { get; set; }

        public VBuffer<float> TokenLogProbs { get; set; }
    }
}
