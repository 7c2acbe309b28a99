using Mhc.MLNet.ModelZip;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Pipeline;

internal sealed class MhcScoringEstimator(MLContext mlContext, MhcScoringOptions options) : IEstimator<MhcScoringTransformer>
{
    public MhcScoringTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _ = new ScoringSchema(input.Schema, options, channels: 1); // a wrong column is told before a large model is opened
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
        if (options.ContextColumn is { } context)
            input[nameof(Input.Context)].ColumnName = context;
        else
            input.Remove(input[nameof(Input.Context)]);
        var output = SchemaDefinition.Create(typeof(Output));
        OutputColumn[] columns = options.OutputColumns;
        output.RemoveAll(column => columns.All(wanted => wanted.Name != column.MemberName));
        foreach (OutputColumn column in columns)
        {
            output[column.Name].ColumnType = column.Type(1); // A shape knows whether a vector has a size, not which.
            output[column.Name].ColumnName = options.ColumnPrefix + column.Name;
        }
        return mlContext.Transforms.CustomMapping<Input, Output>((_, _) => { }, null, input, output).GetOutputSchema(inputSchema);
    }

    private sealed class Input
    {
        public ReadOnlyMemory<char> Text { get; set; }

        public ReadOnlyMemory<char> Context { get; set; }
    }

    // The columns of OutputColumn.All: their types for the stock estimator.
    private sealed class Output
    {
        public float LogLikelihood { get; set; }

        public float MeanNegativeLogLikelihood { get; set; }

        public float Perplexity { get; set; }

        public float Bits { get; set; }

        public float BitsPerByte { get; set; }

        public float Percentile { get; set; }

        public bool IsAnomaly { get; set; }

        public int TokenCount { get; set; }

        public int UnknownCount { get; set; }

        public int ByteCount { get; set; }

        public int WindowCount { get; set; }

        public int TruncatedCount { get; set; }

        public bool IsGreedy { get; set; }

        public VBuffer<float> TokenLogProbs { get; set; }

        public VBuffer<ReadOnlyMemory<char>> TokenTexts { get; set; }

        public VBuffer<int> TokenIds { get; set; }

        public VBuffer<int> TokenStarts { get; set; }

        public VBuffer<int> TokenRanks { get; set; }

        public VBuffer<float> TokenEntropies { get; set; }

        public VBuffer<float> HiddenMean { get; set; }

        public VBuffer<float> HiddenLast { get; set; }
    }
}
