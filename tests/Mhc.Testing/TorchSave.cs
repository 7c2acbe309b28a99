using System.IO.Compression;
using System.Text.Json.Nodes;
using Mhc.Training;

namespace Mhc.Testing;

/// <summary>
/// Writes checkpoints as torch.save does: an uncompressed zip of <c>NAME/data.pkl</c> (see <see cref="PickleWriter"/>),
/// <c>NAME/byteorder</c>, a storage in each <c>NAME/data/KEY</c>, <c>NAME/version</c>.
/// </summary>
public static class TorchSave
{
    /// <summary>A view of a storage.</summary>
    /// <param name="Storage">FloatStorage, HalfStorage, …</param>
    public sealed record Tensor(string Storage, string Key, long Elements, long Offset, long[] Shape, long[] Strides)
    {
        /// <summary>A whole storage in row-major order.</summary>
        public static Tensor Whole(string key, long[] shape, string storage = "FloatStorage")
        {
            long[] strides = new long[shape.Length];
            long elements = 1;
            for (int axis = shape.Length - 1; axis >= 0; axis--)
                (strides[axis], elements) = (elements, elements * shape[axis]);
            return new(storage, key, elements, 0, shape, strides);
        }
    }

    /// <summary>What a module's state_dict() gives: an OrderedDict with the modules' versions beside its tensors.</summary>
    public sealed record StateDict(IReadOnlyList<(string Name, Tensor Tensor)> Tensors);

    /// <summary>The checkpoint that the reference's train.py saves of a golden fixture.</summary>
    /// <param name="aliases">Whether each tensor is there under all its names, as in the reference's files.</param>
    /// <param name="prefix">What DistributedDataParallel or torch.compile put before the names.</param>
    public static void Golden(string path, string golden, bool aliases = true, string prefix = "")
    {
        (StateDict state, Dictionary<string, byte[]> storages, JsonObject config) = Golden(golden, aliases, prefix);
        Write(path, Checkpoint(state, config), storages);
    }

    public static (StateDict State, Dictionary<string, byte[]> Storages, JsonObject Config) Golden(
        string golden, bool aliases = true, string prefix = "")
    {
        string folder = GoldenFixture.Resolve(golden);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        JsonObject? names = aliases ? Json(folder, "meta.json")["state_dict_aliases"]!.AsObject() : null;
        var tensors = new List<(string, Tensor)>();
        var storages = new Dictionary<string, byte[]>();
        foreach ((string name, TensorEntry entry) in file.Tensors)
        {
            Tensor tensor = Tensor.Whole($"{storages.Count}", entry.Shape);
            storages[tensor.Key] = file.ReadBytes(name);
            tensors.Add((prefix + name, tensor));
            foreach (JsonNode? alias in names?[name]?.AsArray() ?? [])
                tensors.Add(($"{prefix}{alias}", tensor));
        }
        JsonObject config = Json(folder, "config.json");
        config.Remove("tied_weights"); // A note of the fixture's, not of the reference's.
        return (new(tensors), storages, config);
    }

    public static Dictionary<object, object?> Checkpoint(object? model, object? config) =>
        new() { ["model"] = model, ["config"] = config, ["iter_num"] = 5000, ["best_val_loss"] = 1.4697 };

    public static void Write(string path, object? root, Dictionary<string, byte[]> storages, string byteOrder = "little") =>
        Write(path, PickleWriter.Pickle(root), storages, byteOrder);

    public static void Write(string path, byte[] pickle, Dictionary<string, byte[]> storages, string byteOrder = "little")
    {
        using FileStream file = File.Create(path);
        using var zip = new ZipArchive(file, ZipArchiveMode.Create);
        Add("ckpt/data.pkl", pickle);
        Add("ckpt/byteorder", System.Text.Encoding.ASCII.GetBytes(byteOrder));
        foreach ((string key, byte[] bytes) in storages)
            Add($"ckpt/data/{key}", bytes);
        Add("ckpt/version", "3\n"u8.ToArray());

        void Add(string name, byte[] bytes)
        {
            using Stream entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }
    }

    private static JsonObject Json(string folder, string file) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, file)))!.AsObject();
}
