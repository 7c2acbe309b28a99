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

    /// <param name="fallback">What stands in for a value that is no integer, so that one mistake does not become two.</param>
    public int Integer(string key, int fallback)
    {
        if (!Take(key, "an integer", out JsonElement value))
            return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int integer))
            return integer;
        Found(key, value, "an integer");
        return fallback;
    }

    public void Count(string key)
    {
        const string Expected = "an integer of at least 0";
        if (Take(key, Expected, out JsonElement value)
            && !(value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count) && count >= 0))
            Found(key, value, Expected);
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

    public double Number(string key, double fallback, string expected = "a number")
    {
        if (!Take(key, expected, out JsonElement value))
            return fallback;
        if (IsNumber(value))
            return value.GetDouble();
        Found(key, value, expected);
        return fallback;
    }

    public double[]? Numbers(string key, int count)
    {
        string expected = $"an array of {count} numbers";
        if (!Take(key, expected, out JsonElement value))
            return null;
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == count && value.EnumerateArray().All(IsNumber))
            return [.. value.EnumerateArray().Select(number => number.GetDouble())];
        Found(key, value, expected);
        return null;
    }

    public double[]? Ascending(string key)
    {
        const string Expected = "an ascending array of numbers";
        if (!Take(key, Expected, out JsonElement value))
            return null;
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value.EnumerateArray().All(IsNumber))
        {
            double[] numbers = [.. value.EnumerateArray().Select(number => number.GetDouble())];
            if (numbers.Zip(numbers.Skip(1)).All(pair => pair.First <= pair.Second))
                return numbers;
        }
        Found(key, value, Expected);
        return null;
    }

    public void NumberOrNull(string key)
    {
        if (!IsNull(key))
            Number(key, 0, "a number or null");
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

    /// <summary>A member of an enum by its snake_case name.</summary>
    public T Choice<T>(string key, T fallback, out bool isKnown) where T : struct, Enum
    {
        T[] members = Enum.GetValues<T>();
        string expected = string.Join(" or ", members.Select(member => $"\"{JsonText.SnakeCase(member)}\""));
        isKnown = false;
        if (!Take(key, expected, out JsonElement value))
            return fallback;
        int index = value.ValueKind == JsonValueKind.String
            ? Array.FindIndex(members, member => JsonText.SnakeCase(member) == value.GetString()) : -1;
        isKnown = index >= 0;
        if (isKnown)
            return members[index];
        Found(key, value, expected);
        return fallback;
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

    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>Passes over keys that cannot be judged or say nothing of interest.</summary>
    public void Ignore(params ReadOnlySpan<string> keys) => _read.UnionWith(keys.ToArray());

    /// <param name="known">The keys of all modes; one that is not read belongs to another mode.</param>
    /// <param name="mode">The mode that does not use it.</param>
    public void ReportUnread(IReadOnlyCollection<string> known, string mode)
    {
        foreach (string key in _values.Keys.Except(_read))
            Problem(known.Contains(key) ? $"{Name(key)} is not used with {mode}: remove it."
                : Spelling.Nearest(key, known) is { } meant ? $"{Name(key)} is not a known key; did you mean `{meant}`?"
                : $"{Name(key)} is not a known key: remove it.");
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
        Problem($"{Name(key)} is missing, expected {expected}.");
        return false;
    }

    private void Found(string key, JsonElement value, string expected) =>
        Problem($"{Name(key)} is {JsonText.Excerpt(value)}, expected {expected}.");

    private static bool IsNumber(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number);

    private string Name(string key) => $"`{_parent}{key}`";
}
