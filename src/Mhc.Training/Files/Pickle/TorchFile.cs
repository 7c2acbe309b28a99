namespace Mhc.Training;

/// <summary>A checkpoint that torch.save wrote: a dict whose <c>model</c> is a state dict.</summary>
internal sealed class TorchFile : ITensorFile
{
    private readonly TorchArchive _archive;

    private TorchFile(TorchArchive archive)
    {
        _archive = archive;
        string pickle = $"{Path}: data.pkl";
        if (Unpickler.Read(archive.Pickle(), pickle) is not PickleDict root)
            throw new InvalidDataException($"{pickle}: no dict. Expected the reference's checkpoint, a dict with `model` and `config`.");
        Root = root;
        if (!root.TryGet("model", out object? model) || model is not PickleDict state)
        {
            throw new InvalidDataException($"{pickle}: has no state dict under `model`, but {(root.Items.Any() ? $"{root}" : "nothing")}. "
                + "Expected the reference's checkpoint, a dict with `model` and `config`.");
        }
        var tensors = new Dictionary<string, TensorEntry>(StringComparer.Ordinal);
        foreach ((object name, object? value) in state.Items)
        {
            tensors.Add(name as string ?? $"{name}", value as TorchTensor
                ?? throw new InvalidDataException($"{pickle}: `{name}` in `model` is no tensor. Expected a state dict: only tensors."));
        }
        Tensors = tensors;
    }

    public string Path => _archive.Path;

    /// <summary>The whole checkpoint; its tensors are places in the file.</summary>
    public PickleDict Root { get; }

    /// <summary>The tensors of <c>model</c>.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <exception cref="InvalidDataException">The file is damaged, or its pickle does more than data needs.</exception>
    public static TorchFile Open(string path)
    {
        TorchArchive archive = TorchArchive.Open(path);
        try
        {
            return new(archive);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    public byte[] ReadBytes(string name)
    {
        var tensor = (TorchTensor)Tensors[name];
        int size = TensorBytes.Size(tensor.Dtype)!.Value;
        byte[] bytes = _archive.Storage(tensor.Storage.Key, tensor.Storage.Elements * size, tensor.Offset * size, tensor.Span * size);
        return tensor.IsContiguous ? bytes : TensorBytes.Gather(bytes, size, tensor.Shape, tensor.Strides);
    }

    public void Dispose() => _archive.Dispose();
}
