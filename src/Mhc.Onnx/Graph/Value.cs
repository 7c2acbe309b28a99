namespace Mhc.Onnx;

internal enum ElementType { Float, Int64, Float16, UInt8, Int32, Bool }

/// <summary>A size that is a number, or a name for one that is known only when the graph runs.</summary>
internal readonly record struct Dim(long Size, string? Name)
{
    public static implicit operator Dim(int size) => new(size, null);
    public static implicit operator Dim(string name) => new(-1, name);

    public override string ToString() => Name ?? $"{Size}";
}

/// <summary>What flows along an edge of the graph.</summary>
internal sealed record Value(string Name, ElementType Type, params Dim[] Shape)
{
    public int Rank => Shape.Length;

    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}]";
}
