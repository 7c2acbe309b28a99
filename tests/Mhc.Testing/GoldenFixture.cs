using System.Runtime.InteropServices;
using System.Text.Json;
using Mhc.Training;
using Xunit;

namespace Mhc.Testing;

/// <summary>
/// Numbers that the PyTorch reference computed for one model: weights, tokens, logits, loss, gradients, three AdamW steps.
/// The fixtures of this repository, and those in the folder that the environment variable MHC_GOLDENS names.
/// </summary>
public sealed class GoldenFixture : IDisposable
{
    private readonly SafetensorsFile _golden;
    private readonly TemporaryFolder _temporary = Fixtures.Temporary();

    private GoldenFixture(string folder)
    {
        Folder = folder;
        _golden = SafetensorsFile.Open(Path.Combine(folder, "golden.safetensors"));
        Checkpoint = _temporary["checkpoint"];
    }

    public string Folder { get; }

    /// <summary>The model as a checkpoint folder of ours, imported from the reference's files.</summary>
    public string Checkpoint { get; }

    public IEnumerable<string> Names => _golden.Tensors.Keys;

    /// <summary>Parameters whose gradient is rounding noise; AdamW makes whole steps of it.</summary>
    public IReadOnlyList<string> NoiseGradients
    {
        get
        {
            using JsonDocument meta = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "meta.json")));
            return meta.RootElement.TryGetProperty("noise_grad_params", out JsonElement names)
                ? [.. names.EnumerateArray().Select(name => name.GetString()!)]
                : [];
        }
    }

    /// <summary>Folders of models, by name: one test case each.</summary>
    public static TheoryData<string> Models => new(Folders().Where(folder => File.Exists(Path.Combine(Resolve(folder), "config.json"))));

    /// <summary>Folders of projections: logits with their Sinkhorn and orthostochastic results.</summary>
    public static TheoryData<string> Projections =>
        new(Folders().Where(folder => File.Exists(Path.Combine(Resolve(folder), "projections.safetensors"))));

    /// <summary>Folders of training runs that can be replayed, each with the variants that its results.json holds.</summary>
    public static TheoryData<string, string> LearningCurves
    {
        get
        {
            var curves = new TheoryData<string, string>();
            foreach (string folder in Folders().Where(folder => File.Exists(Path.Combine(Resolve(folder), "results.json"))))
            {
                using JsonDocument results = JsonDocument.Parse(File.ReadAllText(Path.Combine(Resolve(folder), "results.json")));
                foreach (JsonProperty variant in results.RootElement.GetProperty("settings").GetProperty("variants").EnumerateObject())
                    curves.Add(folder, variant.Name);
            }
            return curves;
        }
    }

    /// <summary>Opens a fixture and imports its model.</summary>
    public static GoldenFixture Open(string folder)
    {
        var fixture = new GoldenFixture(Resolve(folder));
        ReferenceImporter.Import(fixture.Folder, fixture.Checkpoint);
        return fixture;
    }

    public bool Has(string name) => _golden.Tensors.ContainsKey(name);

    public FixtureTensor Tensor(string name) => Read(_golden, name);

    public long[] Integers(string name) => MemoryMarshal.Cast<byte, long>(_golden.ReadBytes(name)).ToArray();

    /// <summary>Every tensor of a safetensors file.</summary>
    public static IReadOnlyDictionary<string, FixtureTensor> ReadAll(string folder, string file)
    {
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.Combine(Resolve(folder), file));
        return tensors.Tensors.Keys.ToDictionary(name => name, name => Read(tensors, name));
    }

    /// <summary>The folder behind the short name of a fixture of this repository; other folders stay as they are.</summary>
    public static string Resolve(string folder) => Path.IsPathRooted(folder) ? folder : Path.Combine(Fixtures.Folder("goldens"), folder);

    public void Dispose()
    {
        _golden.Dispose();
        _temporary.Dispose();
    }

    private static FixtureTensor Read(SafetensorsFile file, string name)
    {
        byte[] bytes = file.ReadBytes(name);
        TensorEntry entry = file.Tensors[name];
        return new(entry.Shape, entry.Dtype switch
        {
            "F32" => TensorAssert.Doubles(MemoryMarshal.Cast<byte, float>(bytes)),
            "F64" => MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
            "I64" => [.. MemoryMarshal.Cast<byte, long>(bytes).ToArray().Select(value => (double)value)],
            string dtype => throw new InvalidDataException($"{file.Path}: tensor `{name}` is {dtype}, which no fixture uses."),
        });
    }

    private static IEnumerable<string> Folders()
    {
        // Short names for our own, so that the test names are the same on every machine.
        IEnumerable<string> own = Directory.EnumerateDirectories(Fixtures.Folder("goldens")).Select(folder => Path.GetFileName(folder));
        string? more = Environment.GetEnvironmentVariable("MHC_GOLDENS");
        return own.Concat(string.IsNullOrEmpty(more) ? [] : Directory.EnumerateDirectories(Path.GetFullPath(more)))
            .Order(StringComparer.Ordinal);
    }
}
