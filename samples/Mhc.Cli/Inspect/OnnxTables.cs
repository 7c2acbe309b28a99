using System.Globalization;
using Mhc.Onnx;
using Spectre.Console;

namespace Mhc.Cli;

/// <summary>An exported model on the console.</summary>
internal static class OnnxTables
{
    // More columns do not fit a line.
    private const int MostConnections = 8;

    public static void Show(OnnxModelSummary model)
    {
        Table facts = CheckpointTables.Facts(model.Producer);
        facts.AddRow("file", string.Create(CultureInfo.InvariantCulture,
            $"{model.FileBytes:n0} bytes, {model.ParameterCount:n0} parameters, opset {model.Opset}"));
        facts.AddRow("inputs", Markup.Escape(string.Join('\n', model.Inputs)));
        facts.AddRow("outputs", Markup.Escape(string.Join('\n', model.Outputs)));
        facts.AddRow("operators", string.Join(", ", model.OperatorCounts.Select(op => $"{op.Key} {op.Value}")));
        facts.AddRow("bytes", string.Join(", ",
            model.TensorBytes.Select(kind => string.Create(CultureInfo.InvariantCulture, $"{kind.Key} {kind.Value:n0}"))));
        foreach ((string key, string json) in model.Metadata.Where(entry => entry.Key != "mhc.h_matrices"))
            facts.AddRow(key, Markup.Escape(CheckpointTables.Shorten(json)));
        AnsiConsole.Write(facts);
        if (model.HMatrices.Count == 0)
        {
            AnsiConsole.WriteLine(
                "No stream matrices: a plain residual has none, and those of hc and mhc_dynamic differ from token to token.");
            return;
        }
        StreamTables.Show(model.HMatrices);
        if (model.HMatrices.Count > MostConnections)
        {
            AnsiConsole.WriteLine("--html shows the weight of each output in each input.");
            return;
        }
        (string[] header, string[][] rows) = StreamTables.Connections(model.HMatrices);
        Table connections = new Table().Title("Weight of the embedding e and of each output in each input, the streams unfolded")
            .AddColumn(header[0], column => column.NoWrap()).AddColumns(header[1..]);
        foreach (string[] row in rows)
            connections.AddRow(row);
        AnsiConsole.Write(connections);
    }
}
