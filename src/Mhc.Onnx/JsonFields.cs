using System.Text.Json;

namespace Mhc.Onnx;

/// <summary>The keys of one JSON object, read by type. Collects every problem, so that one error tells all there is to mend.</summary>
internal sealed class JsonFields
{
    private readonly Dictionary<string, JsonElement> _values = [];
    private readonly HashSet<string> _read = [];
    private readonly List<string> _problems;
    private readonly string _path;
    private readonly string _remedy;
    private readonly string _parent;

    /// <param name="path">Path of the file, which every problem begins with.</param>
    /// <param name="remedy">What every problem ends with, for a file that is not written by hand.</param>
    public JsonFields(string path, JsonElement json, string remedy = "") : this(path, json, remedy, "", [])
    {
    }

    private JsonFields(string path, JsonElement json, string remedy, string parent, List<string> problems)
    {
        (_path, _remedy, _parent, _problems) = (path, remedy, parent, problems);
        foreach (JsonProperty property in json.EnumerateObject())
            if (!_values.TryAdd(property.Name, property.Value))
                Problem($"{Name(property.Name)} is there twice.");
    }

    public int Integer(string key, int atLeast = 1)
    {
        string expected = $"an integer of at least {atLeast}";
        if (!Take(key, expected, out JsonElement value))
            return 0;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int integer) && integer >= atLeast)
            return integer;
        Found(key, value, expected);
        return 0;
    }

    public int? TokenIdOrNull(string key, int vocabSize)
    {
        string expected = $"null or a token id below {vocabSize}";
        if (!Take(key, expected, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0 && id < vocabSize)
            return id;
        Found(key, value, expected);
        return null;
    }

    public double Number(string key, Predicate<double> isValid, string expected)
    {
        if (!Take(key, expected, out JsonElement value))
            return 0;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) && isValid(number))
            return number;
        Found(key, value, expected);
        return 0;
    }

    public void Number(string key) => Number(key, _ => true, "a number");

    public void NumberOrNull(string key)
    {
        if (!IsNull(key))
            Number(key, _ => true, "a number or null");
    }

    public void Text(string key)
    {
        if (Take(key, "a string", out JsonElement value) && value.ValueKind != JsonValueKind.String)
            Found(key, value, "a string");
    }

    public bool Boolean(string key)
    {
        if (!Take(key, "true or false", out JsonElement value))
            return false;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Found(key, value, "true or false");
        return value.ValueKind == JsonValueKind.True;
    }

    public T Choice<T>(string key, out bool isKnown) where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];
        string expected = string.Join(" or ", names.Select(name => $"\"{name}\""));
        isKnown = false;
        if (!Take(key, expected, out JsonElement value))
            return default;
        int index = value.ValueKind == JsonValueKind.String ? Array.IndexOf(names, value.GetString()) : -1;
        isKnown = index >= 0;
        if (isKnown)
            return Enum.GetValues<T>()[index];
        Found(key, value, expected);
        return default;
    }

    /// <summary>The keys of an object in this one. Its problems are told with the others.</summary>
    public JsonFields? ObjectOrNull(string key)
    {
        if (!Take(key, "an object or null", out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return new(_path, value, _remedy, $"{key}.", _problems);
        Found(key, value, "an object or null");
        return null;
    }

    /// <summary>Passes over keys that cannot be judged or say nothing of interest.</summary>
    public void Ignore(params ReadOnlySpan<string> keys) => _read.UnionWith(keys.ToArray());

    public void ReportUnread()
    {
        foreach (string key in _values.Keys.Except(_read))
            Problem($"{Name(key)} is not a key of this model; remove it or correct its spelling.");
    }

    public void Problem(string text) => _problems.Add($"{_path}: {text}{(_remedy.Length == 0 ? "" : $" {_remedy}")}");

    /// <exception cref="InvalidDataException">There were problems; the message has a line for each.</exception>
    public void ThrowIfAnyProblem() => Throw.InvalidData_IfAny(_problems);

    private bool IsNull(string key)
    {
        bool isNull = _values.TryGetValue(key, out JsonElement value) && value.ValueKind == JsonValueKind.Null;
        if (isNull)
            _read.Add(key);
        return isNull;
    }

    private bool Take(string key, string expected, out JsonElement value)
    {
        _read.Add(key);
        if (_values.TryGetValue(key, out value))
            return true;
        Problem($"{Name(key)} is missing; expected {expected}.");
        return false;
    }

    private void Found(string key, JsonElement value, string expected) =>
        Problem($"{Name(key)} is {JsonText.Excerpt(value)}; expected {expected}.");

    private string Name(string key) => $"`{_parent}{key}`";
}
