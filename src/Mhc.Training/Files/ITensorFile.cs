namespace Mhc.Training;

/// <summary>What a file says of one of its tensors.</summary>
/// <param name="Dtype">F32, F64, I64, … as safetensors spells it.</param>
/// <param name="Place">Where its elements lie: two tensors of one file with the same place are the same numbers.</param>
internal abstract record TensorEntry(string Dtype, long[] Shape, string Place)
{
    public long Elements => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>A file of named tensors that are read one at a time.</summary>
internal interface ITensorFile : IDisposable
{
    string Path { get; }

    IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The little-endian elements of one tensor in row-major order.</summary>
    byte[] ReadBytes(string name);
}
