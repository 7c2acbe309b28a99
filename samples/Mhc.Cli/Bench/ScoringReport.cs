using MathNet.Numerics.Statistics;
using static System.FormattableString;

namespace Mhc.Cli.Bench;

/// <summary>A measurement of ways to score as a table and as a page.</summary>
internal static class ScoringReport
{
    public static ReportTable Table(ScoringResult result)
    {
        var table = new ReportTable(
            ["texts", "way", "tokens/s", "padding", "speed, × the bare loop's", "× the stock pipeline's", .. Ratios.Columns]);
        foreach (var group in result.Ways.GroupBy(way => way.Texts))
        {
            double[] bare = group.First().SecondsPerToken, stock = group.Last().SecondsPerToken;
            foreach (ScoringMeasurement way in group)
                table.Add([way.Texts, way.Name, Invariant($"{1 / way.SecondsPerToken.Median():n0}"),
                    Invariant($"{(double)(way.TokensRun - way.Tokens) / way.TokensRun:p1}"),
                    Speed(way, bare), Speed(way, stock), .. Ratios.Cells(way.SecondsPerToken, bare)]);
        }
        return table;
    }

    public static string Markdown(ScoringResult result) => $"""
        # Speed of scoring

        What do tokenizer, batches, padding and ML.NET cost on top of ONNX Runtime? The same texts are scored in several ways, in one
        process and in turn, each round begun by another, {result.Threads} threads each. The bare loop is the bar: ONNX Runtime alone over
        batches that are full of random tokens, in texts of the same lengths, no padding, inputs and outputs ready, a run on each thread;
        the third loop puts all threads to one run at a time. The stock pipeline is ML.NET's `ApplyOnnxModel`, a run a row; its rows hold
        tokens already, and its graph gives the logits of the same model, of which nobody makes probabilities.
        A round's ratio is its time a token over the bare loop's of the same round; the table has the ratios' median, lowest and
        quartiles, and the ratio of each way's fastest round to the bare loop's. The second bare loop is the control: its ratios are the
        noise. Padding is the share of the tokens run that was not scored.

            {result.Command}

        {result.Machine}, {result.Date}. {result.Model}.
        {Ratios.Yardstick(result.MatmulGflops)}

        {Table(result).Markdown()}
        """;

    // Of the ratios round by round the median.
    private static string Speed(ScoringMeasurement way, double[] reference) =>
        Invariant($"{reference.Zip(way.SecondsPerToken, (of, time) => of / time).Median():f3}");
}
