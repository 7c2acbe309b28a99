using System.Security.Cryptography;

namespace Mhc.Training;

/// <summary>
/// The reference's tensors under their names of docs/checkpoint-format.md, each once, as float32. Second names are dropped where they
/// are provably the same numbers.
/// </summary>
internal sealed class ReferenceTensors : ITensorFile
{
    private readonly ITensorFile _file;
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal); // By canonical name, the first in the file.

    /// <param name="drop">Tells the tensors that the model never uses, by canonical name.</param>
    /// <exception cref="InvalidDataException">Lists the names of one parameter that hold different numbers.</exception>
    public ReferenceTensors(ITensorFile file, Func<string, bool> drop)
    {
        _file = file;
        var problems = new List<string>();
        foreach (string name in file.Tensors.Keys)
        {
            string canonical = ReferenceNames.Canonical(name);
            if (!drop(canonical) && !_names.TryAdd(canonical, name) && !AreSame(_names[canonical], name))
            {
                problems.Add($"{file.Path}: tensors `{_names[canonical]}` and `{name}` are names of one parameter in the reference, "
                    + "but hold different numbers. Keep the one that was trained.");
            }
        }
        Throw.InvalidData_IfAny(problems);
        Tensors = _names.ToDictionary(name => name.Key, name => Describe(file.Tensors[name.Value]), StringComparer.Ordinal);
    }

    public string Path => _file.Path;

    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    public byte[] ReadBytes(string name) => TensorBytes.ToFloat32(_file.Tensors[_names[name]].Dtype, _file.ReadBytes(_names[name]));

    public void Dispose() => _file.Dispose();

    private bool AreSame(string one, string other)
    {
        TensorEntry a = _file.Tensors[one], b = _file.Tensors[other];
        return a.Dtype == b.Dtype && a.Shape.AsSpan().SequenceEqual(b.Shape)
            && (a.Place == b.Place || Sha256(one).AsSpan().SequenceEqual(Sha256(other)));
    }

    // By digest, so that one tensor is in memory at a time.
    private byte[] Sha256(string name) => SHA256.HashData(_file.ReadBytes(name));

    private static TensorEntry Describe(TensorEntry entry) =>
        TensorBytes.IsFloat(entry.Dtype) ? entry with { Dtype = "F32" } : entry;
}
