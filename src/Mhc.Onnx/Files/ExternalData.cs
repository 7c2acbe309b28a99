using System.Globalization;
using Mhc.Onnx.Wire;
using DataLocation = Mhc.Onnx.Wire.TensorProto.Types.DataLocation;

namespace Mhc.Onnx;

/// <summary>
/// The file beside an .onnx that holds its weights, each at a multiple of a page so that it can be mapped into memory where it lies.
/// </summary>
internal sealed class ExternalData
{
    private const int PageSize = 4096;

    private readonly List<(long Offset, TensorData Data)> _tensors = [];

    /// <summary>The bytes of the file.</summary>
    public long Length => _tensors.Count == 0 ? 0 : _tensors[^1].Offset + _tensors[^1].Data.Length;

    /// <summary>Takes the weights of a page or more out of a model, which then names this file and where in it they lie.</summary>
    /// <param name="fileName">Without a folder: the file is looked for where the .onnx is.</param>
    public OnnxModel Take(OnnxModel model, string fileName)
    {
        var left = new Dictionary<string, TensorData>(model.Weights);
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            if (!model.Weights.TryGetValue(tensor.Name, out TensorData? data) || data.Length < PageSize)
                continue;
            long offset = (Length + PageSize - 1) / PageSize * PageSize;
            _tensors.Add((offset, data));
            left.Remove(tensor.Name);
            tensor.DataLocation = DataLocation.External;
            tensor.ExternalData.Add(
            [
                new() { Key = "location", Value = fileName },
                new() { Key = "offset", Value = offset.ToString(CultureInfo.InvariantCulture) },
                new() { Key = "length", Value = data.Length.ToString(CultureInfo.InvariantCulture) },
            ]);
        }
        return model with { Weights = left };
    }

    /// <summary>The bytes of the file that a model names; 0 where it names none.</summary>
    public static long LengthOf(GraphProto graph) => graph.Initializer
        .Where(tensor => tensor.DataLocation == DataLocation.External)
        .Select(tensor => Number(tensor, "offset") + Number(tensor, "length"))
        .DefaultIfEmpty().Max();

    private static long Number(TensorProto tensor, string key) =>
        long.Parse(tensor.ExternalData.Single(entry => entry.Key == key).Value, CultureInfo.InvariantCulture);

    public void WriteTo(Stream stream)
    {
        long position = 0;
        foreach ((long offset, TensorData data) in _tensors)
        {
            stream.Write(new byte[offset - position]);
            data.WriteTo(stream);
            position = offset + data.Length;
        }
    }
}
