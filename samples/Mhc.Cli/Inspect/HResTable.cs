using System.Globalization;
using Mhc.Onnx;
using Spectre.Console;

namespace Mhc.Cli;

/// <summary>H_res of one sublayer: how much of each stream goes where.</summary>
internal static class HResTable
{
    public static Table Of(HMatrices h)
    {
        Table table = new Table().Title($"H_res of {h.Sublayer}").AddColumn("from \\ to");
        table.AddColumns([.. Enumerable.Range(0, h.Streams).Select(to => $"{to}")]);
        foreach ((int from, IReadOnlyList<double> row) in h.HRes.Index())
            table.AddRow([$"{from}", .. row.Select(value => value.ToString("f4", CultureInfo.InvariantCulture))]);
        return table;
    }
}
