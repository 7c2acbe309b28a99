namespace Mhc.Training;

/// <summary>The names that PyTorch writes into a state dict's pickle, and what they stand for here.</summary>
internal static class TorchObjects
{
    private const string OrderedDict = "collections.OrderedDict", RebuildTensor = "torch._utils._rebuild_tensor_v2",
        RebuildParameter = "torch._utils._rebuild_parameter";
    private const int MostAxes = 16;

    // No storage is larger: a terabyte of float32.
    private const long MostElements = 1L << 38;

    private static readonly Dictionary<string, string> Dtypes = new()
    {
        ["torch.FloatStorage"] = "F32",
        ["torch.HalfStorage"] = "F16",
        ["torch.BFloat16Storage"] = "BF16",
        ["torch.DoubleStorage"] = "F64",
        ["torch.LongStorage"] = "I64",
        ["torch.IntStorage"] = "I32",
        ["torch.ShortStorage"] = "I16",
        ["torch.CharStorage"] = "I8",
        ["torch.ByteStorage"] = "U8",
        ["torch.BoolStorage"] = "BOOL",
    };

    public static bool Allows(string global) =>
        global is OrderedDict or RebuildTensor or RebuildParameter || Dtypes.ContainsKey(global);

    /// <summary>What the call of an allowed name with these arguments stands for.</summary>
    public static object Call(PickleGlobal function, object?[] arguments, PickleBytes bytes) => (function.Name, arguments) switch
    {
        (OrderedDict, []) => new PickleDict(),
        // The last two tell whether it wants a gradient, and hooks.
        (RebuildTensor, [TorchStorage storage, long offset, PickleTuple shape, PickleTuple strides, bool, PickleDict]) =>
            Tensor(storage, offset, Integers(shape), Integers(strides), bytes),
        (RebuildParameter, [TorchTensor tensor, bool, PickleDict]) => tensor,
        _ => throw bytes.Refuse($"a call of `{function.Name}` with arguments of its own"),
    };

    /// <summary>The storage that a persistent id names: ("storage", its class, key, device, elements).</summary>
    public static TorchStorage Storage(object? id, PickleBytes bytes) =>
        id is PickleTuple { Items: ["storage", PickleGlobal type, string key, string, long elements] }
        && Dtypes.TryGetValue(type.Name, out string? dtype) && elements is >= 0 and <= MostElements
            ? new(dtype, key, elements)
            : throw bytes.Refuse("a persistent id that names no storage");

    private static TorchTensor Tensor(TorchStorage storage, long offset, long[]? shape, long[]? strides, PickleBytes bytes)
    {
        if (shape is null || strides is null || shape.Length != strides.Length || shape.Length > MostAxes)
            throw bytes.Bad("a tensor whose shape and strides do not belong together");
        Int128 elements = 1, last = offset;
        foreach ((long size, long stride) in shape.Zip(strides))
        {
            // More elements than the storage has would be one number repeated: no parameter is, and it could be told to be of any size.
            elements = Int128.Min(elements * size, storage.Elements + 1);
            last += (Int128)(size - 1) * stride;
        }
        bool isEmpty = shape.Contains(0);
        if (offset < 0 || shape.Any(size => size is < 0 or > MostElements) || strides.Any(stride => stride < 0)
            || elements > storage.Elements || (!isEmpty && last >= storage.Elements))
        {
            throw bytes.Bad($"a tensor of shape [{string.Join(", ", shape)}], strides [{string.Join(", ", strides)}] and offset {offset} "
                + $"does not lie in its storage of {storage.Elements} elements");
        }
        return new(storage, offset, shape, strides);
    }

    private static long[]? Integers(PickleTuple tuple) =>
        tuple.Items.All(item => item is long) ? [.. tuple.Items.Select(item => (long)item!)] : null;
}
