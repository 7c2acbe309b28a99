using Mhc.Onnx;
using Mhc.Training;

namespace Mhc.Cli.Bench;

/// <summary>An exported model to measure.</summary>
/// <param name="Name">Of the row.</param>
/// <param name="IsPlain">Whether it is the plain residual of the same sizes instead of the model.</param>
/// <param name="Options">How to export it.</param>
internal sealed record GraphVariant(string Name, bool IsPlain, OnnxExportOptions Options)
{
    /// <summary>
    /// The plain residual in the first opset and precision, which is the baseline; the same again; then the model in these and, beside a
    /// plain residual, in each of the others.
    /// </summary>
    /// <param name="layouts">Of static mHC; all where there are none.</param>
    /// <param name="opsets">One at least.</param>
    /// <param name="precisions">One at least, as <c>mhc export</c> calls them.</param>
    /// <param name="decode">
    /// Whether it is decoding graphs that are compared, each beside one without a cache, which runs all tokens again.
    /// </param>
    public static GraphVariant[] Of(MhcConfig model, OnnxLayout[] layouts, int[] opsets, string[] precisions, bool decode)
    {
        if (layouts.Length == 0)
            layouts = Enum.GetValues<OnnxLayout>();
        GraphVariant[] variants =
            [.. precisions.SelectMany(precision => opsets.SelectMany(opset => Graphs(opset, precision)))];
        return [variants[0], variants[0] with { Name = "plain again (A/A)" }, .. variants[1..]];

        IEnumerable<GraphVariant> Graphs(int opset, string precision)
        {
            var form = new OnnxExportOptions
            {
                Outputs = decode ? OnnxOutputs.Decoder : OnnxOutputs.Scores,
                Opset = opset,
                Precision = ExportCommand.Precisions[precision],
            };
            string suffix = (opset == opsets[0] ? "" : $", opset {opset}") + (precision == precisions[0] ? "" : $", {precision}");
            GraphVariant[] graphs = [.. Designs(model, form, layouts).Prepend(new("plain", IsPlain: true, form))
                .Select(variant => variant with { Name = variant.Name + suffix })];
            return decode ? graphs.Concat(graphs.Select(WithoutCache)) : graphs;
        }
    }

    private static GraphVariant WithoutCache(GraphVariant variant) => variant with
    {
        Name = $"{variant.Name}, no cache",
        Options = variant.Options with { Outputs = OnnxOutputs.Scores },
    };

    private static IEnumerable<GraphVariant> Designs(MhcConfig model, OnnxExportOptions form, OnnxLayout[] layouts) => model.Residual switch
    {
        ResidualMode.None => [],
        ResidualMode.Mhc => layouts.Select(layout =>
            new GraphVariant($"{layout}".ToLowerInvariant(), IsPlain: false, form with { Layout = layout })),
        _ => [new("dynamic", IsPlain: false, form)],
    };
}
