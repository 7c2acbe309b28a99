using Mhc.MLNet;
using Microsoft.ML;
using Quickstart;

namespace Recipes;

/// <summary>
/// Names the service that a message is of, from the model's hidden states: what the model has learnt of the text without labels makes
/// features for a classifier that has seen few.
/// </summary>
internal static class Classifier
{
    public static void Run(string model)
    {
        Console.WriteLine(FormattableString.Invariant($"bits per byte alone:       {Accuracy(model, nameof(MhcScore.BitsPerByte)):p1} right"));
        Console.WriteLine(FormattableString.Invariant(
            $"with the hidden states:    {Accuracy(model, nameof(MhcScore.BitsPerByte), nameof(MhcScore.HiddenMean)):p1} right"));
    }

    private static double Accuracy(string model, params string[] columns)
    {
        var mlContext = new MLContext(seed: 1);
        IDataView training = Messages(mlContext, seed: 11, count: 300), test = Messages(mlContext, seed: 13, count: 600);
        var pipeline = mlContext.ScoreMhc(new MhcScoringOptions { ModelPath = model, Columns = columns })
            .Append(mlContext.Transforms.Concatenate("Features", columns))
            .Append(mlContext.Transforms.NormalizeMeanVariance("Features"))
            .Append(mlContext.Transforms.Conversion.MapValueToKey("Label", nameof(Message.Service)))
            .AppendCacheCheckpoint(mlContext)
            .Append(mlContext.MulticlassClassification.Trainers.SdcaMaximumEntropy());
        using var fitted = pipeline.Fit(training);
        return mlContext.MulticlassClassification.Evaluate(fitted.Transform(test)).MicroAccuracy;
    }

    // The message alone: without the service's name, which stands before it.
    private static IDataView Messages(MLContext mlContext, int seed, int count) => mlContext.Data.LoadFromEnumerable(
        new ServiceLogs(seed).Normal(count).Select(line =>
        {
            int end = line.Text.IndexOf(": ", StringComparison.Ordinal);
            return new Message { Service = line.Text[(line.Text.LastIndexOf(' ', end) + 1)..end], Text = line.Text[(end + 2)..] };
        }).ToArray());

    private sealed class Message
    {
        public string Service { get; set; } = "";

        public string Text { get; set; } = "";
    }
}
