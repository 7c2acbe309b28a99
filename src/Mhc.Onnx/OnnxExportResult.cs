namespace Mhc.Onnx;

/// <summary>What an export has written.</summary>
/// <param name="Path">The .onnx file.</param>
/// <param name="FileBytes">Its size, with that of its weights' file.</param>
/// <param name="NodeCount">Nodes of the graph.</param>
/// <param name="ParameterCount">Weights in the graph, however they are stored.</param>
/// <param name="MaxRowError">The largest distance of a row sum of any H_res from 1: what Sinkhorn's truncated iteration leaves.</param>
/// <param name="MaxColumnError">The same for column sums. Both are 0 where there are no streams.</param>
public sealed record OnnxExportResult(
    string Path, long FileBytes, int NodeCount, long ParameterCount, double MaxRowError, double MaxColumnError)
{
    /// <summary>The file of the weights, which moves together with <see cref="Path"/>; null where that holds them.</summary>
    public string? DataPath { get; init; }

    /// <summary>How the residual stands in the graph, as <c>mhc.layout</c> has it.</summary>
    public required string Layout { get; init; }

    /// <summary>
    /// A sum in the graph differs from the exact one by at most this times the largest absolute value of its terms; 0 where nothing was pruned.
    /// </summary>
    public double LargestPrunedWeight { get; init; }
}
