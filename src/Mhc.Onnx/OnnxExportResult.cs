namespace Mhc.Onnx;

/// <summary>What an export has written.</summary>
/// <param name="Path">The .onnx file.</param>
/// <param name="FileBytes">Its size.</param>
/// <param name="NodeCount">Nodes of the graph.</param>
/// <param name="ParameterCount">Elements of all float tensors in the graph.</param>
/// <param name="MaxRowError">Over all sublayers, the largest distance of a row sum of H_res from 1, which Sinkhorn's truncated iteration leaves; 0 without streams.</param>
/// <param name="MaxColumnError">The same for column sums.</param>
public sealed record OnnxExportResult(string Path, long FileBytes, int NodeCount, long ParameterCount, double MaxRowError, double MaxColumnError);
