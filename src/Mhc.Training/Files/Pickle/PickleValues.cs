namespace Mhc.Training;

// A pickle's values are null, bool, long, double, string, List<object?>, and these.

/// <summary>A dict or an OrderedDict; keys are strings and 32-bit integers.</summary>
internal sealed class PickleDict
{
    private readonly OrderedDictionary<object, object?> _items = [];

    public IEnumerable<KeyValuePair<object, object?>> Items => _items;

    public bool TryAdd(object key, object? value) => _items.TryAdd(key, value);

    public bool TryGet(string key, out object? value) => _items.TryGetValue(key, out value);

    public override string ToString() => string.Join(", ", _items.Keys.Take(8).Select(key => $"`{key}`")) + (_items.Count > 8 ? ", …" : "");
}

internal sealed record PickleTuple(object?[] Items)
{
    public static PickleTuple Empty { get; } = new([]);
}

/// <summary>The name of a Python class or function: a name, nothing more.</summary>
internal sealed record PickleGlobal(string Name);

/// <summary>The elements behind one or more tensors: the entry <c>data/{Key}</c> of the archive.</summary>
internal sealed record TorchStorage(string Dtype, string Key, long Elements);

/// <summary>A view of a storage. Offset and strides count elements.</summary>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Shape, long[] Strides)
    : TensorEntry(Storage.Dtype, Shape, $"{Storage.Key}+{Offset}:{string.Join(',', Shape)}:{string.Join(',', Strides)}")
{
    /// <summary>How many elements of the storage lie from the first to the last one of the view.</summary>
    public long Span => Shape.Contains(0) ? 0 : 1 + Shape.Zip(Strides, (size, stride) => (size - 1) * stride).Sum();

    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int axis = Shape.Length - 1; axis >= 0; axis--)
            {
                if (Shape[axis] != 1 && Strides[axis] != expected)
                    return false;
                expected *= Shape[axis];
            }
            return true;
        }
    }
}
