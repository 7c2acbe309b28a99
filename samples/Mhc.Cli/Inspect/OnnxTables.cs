using System.Globalization;
using Mhc.Onnx;
using Spectre.Console;

namespace Mhc.Cli;

/// <summary>An exported model on the console.</summary>
internal static class OnnxTables
{
    public static void Show(OnnxModelSummary model)
    {
        Table facts = CheckpointTables.Facts(model.Producer);
        facts.AddRow("file", string.Create(CultureInfo.InvariantCulture,
            $"{model.FileBytes:n0} bytes, {model.ParameterCount:n0} parameters, opset {model.Opset}"));
        facts.AddRow("inputs", Markup.Escape(string.Join('\n', model.Inputs)));
        facts.AddRow("outputs", Markup.Escape(string.Join('\n', model.Outputs)));
        facts.AddRow("operators", string.Join(", ", model.OperatorCounts.Select(op => $"{op.Key} {op.Value}")));
        foreach ((string key, string json) in model.Metadata)
            facts.AddRow(key, Markup.Escape(CheckpointTables.Shorten(json)));
        AnsiConsole.Write(facts);
    }
}
