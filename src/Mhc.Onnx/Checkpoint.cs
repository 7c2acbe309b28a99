namespace Mhc.Onnx;

/// <summary>
/// A trained model as a folder of files (docs/checkpoint-format.md), opened and checked. The weights stay on disk until they are read.
/// Thread-safe; holds no file open.
/// </summary>
/// <remarks>Opening runs no code from the folder, and nothing is read outside the tensors that its header describes.</remarks>
public sealed class Checkpoint
{
    private const string Expected = "a checkpoint folder such as RUN/best that holds config.json and model.safetensors";

    private readonly SafetensorsFile _weights;

    private Checkpoint(string folder, MhcConfig config, SafetensorsFile weights, IReadOnlyList<Parameter> parameters)
    {
        Folder = folder;
        Config = config;
        Parameters = parameters;
        _weights = weights;
    }

    public string Folder { get; }

    internal MhcConfig Config { get; }

    /// <summary>Every parameter once, in the order of the forward pass.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    internal string ConfigPath => Path.Combine(Folder, "config.json");

    internal string WeightsPath => Path.Combine(Folder, "model.safetensors");

    /// <summary>Opens a checkpoint folder and binds its tensors to the architecture: all of them, each once, in the right shape.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException"><c>config.json</c> or <c>model.safetensors</c> is absent.</exception>
    /// <exception cref="InvalidDataException">The files are damaged or do not fit each other; the message names every problem.</exception>
    public static Checkpoint Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException(
                $"There is no checkpoint folder '{folder}'; expected {Expected}. Make one with `mhc train`, or correct the path.");
        MhcConfig config = MhcConfig.Read(Required(folder, "config.json"));
        string weightsPath = Required(folder, "model.safetensors");
        SafetensorsFile weights = SafetensorsFile.Open(weightsPath);
        Parameter[] parameters = [.. ParameterTable.Of(config)];
        CheckBinding(parameters, weights, weightsPath);
        return new(folder, config, weights, parameters);
    }

    /// <summary>The values of one parameter, row-major.</summary>
    /// <exception cref="InvalidDataException">A value is NaN or infinite.</exception>
    public float[] Read(string parameter) => _weights.Read(parameter);

    /// <summary>The values of every parameter by name.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public IReadOnlyDictionary<string, float[]> ReadAll() =>
        Parameters.ToDictionary(parameter => parameter.Name, parameter => Read(parameter.Name));

    /// <summary>Reads every parameter and requires that its values are finite.</summary>
    /// <exception cref="InvalidDataException">Names every parameter that holds NaN or infinite values, and how many.</exception>
    public void RequireFinite() => Throw.InvalidData_IfAny(
    [
        .. Parameters.Select(parameter => (parameter.Name, Count: _weights.CountNonFinite(parameter.Name, out long of), Of: of))
            .Where(parameter => parameter.Count > 0)
            .Select(parameter => $"{WeightsPath}: tensor `{parameter.Name}`: {parameter.Count} of {parameter.Of} elements are NaN or "
                + "infinite; expected finite weights. The training run diverged: take an earlier checkpoint."),
    ]);

    /// <summary>The mixing matrices of every sublayer in order, in double precision; none with a plain residual.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public IReadOnlyList<HMatrices> ProjectHMatrices() => HMatrices.Project(this);

    /// <summary>The values of a parameter in order, some at a time.</summary>
    internal void ReadPieces(Parameter parameter, Action<ReadOnlySpan<float>> use) =>
        _weights.ReadPieces(parameter.Name, SafetensorsFile.PieceLength, use);

    /// <summary>The rows of a matrix in order.</summary>
    internal void ReadRows(Parameter parameter, Action<ReadOnlySpan<float>> use)
    {
        int columns = parameter.Shape[1], rows = Math.Max(1, SafetensorsFile.PieceLength / columns);
        _weights.ReadPieces(parameter.Name, rows * columns, piece =>
        {
            for (int start = 0; start < piece.Length; start += columns)
                use(piece.Slice(start, columns));
        });
    }

    private static string Required(string folder, string file)
    {
        string path = Path.Combine(folder, file);
        if (!File.Exists(path))
        {
            string best = Path.Combine(folder, "best");
            string hint = File.Exists(Path.Combine(best, file)) ? $" {best} is one." : "";
            throw new FileNotFoundException($"{path}: no such file; expected {Expected}.{hint}", path);
        }
        return path;
    }

    private static void CheckBinding(Parameter[] parameters, SafetensorsFile weights, string path)
    {
        var problems = new List<string>();
        HashSet<string> found = [.. weights.Names];
        foreach (Parameter parameter in parameters)
            if (!found.Remove(parameter.Name))
                problems.Add($"{path}: tensor `{parameter.Name}` is missing; the model expects {Parameter.Text(parameter.Shape)}.");
            else if (!weights.Shape(parameter.Name).SequenceEqual(parameter.Shape))
                problems.Add($"{path}: tensor `{parameter.Name}`: file has {Parameter.Text(weights.Shape(parameter.Name))}, "
                    + $"model expects {Parameter.Text(parameter.Shape)}.");
        foreach (string name in found.Order(StringComparer.Ordinal))
            problems.Add($"{path}: tensor `{name}` {Parameter.Text(weights.Shape(name))} is not a parameter of this model.");
        Throw.InvalidData_IfAny(problems);
    }
}
