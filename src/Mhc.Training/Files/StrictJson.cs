using System.Text.Json;

namespace Mhc.Training;

/// <summary>
/// One flat JSON object whose every key must be known, used and well-typed. All problems are gathered and thrown together,
/// so that a user mends a file once.
/// </summary>
internal sealed class StrictJson
{
    private readonly Dictionary<string, (JsonElement Value, string Source)> _values = [];
    private readonly HashSet<string> _used = [];
    private readonly List<string> _problems = [];
    private readonly string _name;

    /// <param name="name">What the object is called in messages: a file name or "settings".</param>
    /// <param name="allowMissing">Whether an absent key takes its default instead of being a problem.</param>
    public StrictJson(string name, bool allowMissing = false) => (_name, AllowMissing) = (name, allowMissing);

    private bool AllowMissing { get; }

    public static StrictJson Parse(string path, string json)
    {
        var result = new StrictJson(Path.GetFileName(path));
        result.Add(json, path);
        return result;
    }

    public static StrictJson ReadFile(string path) => Parse(path, File.ReadAllText(path));

    /// <summary>Adds the members of a JSON object; a member replaces one of the same name from an earlier source.</summary>
    public void Add(string json, string source)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{source}: not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}. Expected one JSON object.", e);
        }
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{source}: found a JSON {Kind(document.RootElement)}, expected an object.");
        var seen = new HashSet<string>();
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            if (!seen.Add(member.Name))
                Problem($"`{member.Name}` is there twice.");
            _values[member.Name] = (member.Value, source);
        }
    }

    public void Problem(string problem) => _problems.Add(problem);

    public int Int(string key, int min, int? fallback = null, int max = int.MaxValue)
    {
        if (!Find(key, fallback is not null, out JsonElement value))
            return fallback ?? min;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= min && number <= max)
            return number;
        Problem($"`{key}` is {value.GetRawText()}, expected an integer {(max == int.MaxValue ? $"of at least {min}" : $"from {min} to {max}")}.");
        return fallback ?? min;
    }

    public int? IntOrNull(string key, int min, int max)
    {
        if (!Find(key, optional: false, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return Int(key, min, null, max);
    }

    /// <param name="isValid">The range check; <paramref name="range"/> says it in words.</param>
    public double Number(string key, Func<double, bool> isValid, string range, double? fallback = null)
    {
        if (!Find(key, fallback is not null, out JsonElement value))
            return fallback ?? 0;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) && isValid(number))
            return number;
        Problem($"`{key}` is {value.GetRawText()}, expected a number {range}.");
        return fallback ?? 0;
    }

    public bool Bool(string key, bool? fallback = null)
    {
        if (!Find(key, fallback is not null, out JsonElement value))
            return fallback ?? false;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        Problem($"`{key}` is {value.GetRawText()}, expected true or false.");
        return fallback ?? false;
    }

    /// <summary>A key that may be absent even where all others must be there.</summary>
    public bool BoolOrFalse(string key) => _values.ContainsKey(key) && Bool(key);

    /// <summary>Passes over keys that may be there and say nothing of interest.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
            _used.Add(key);
    }

    public string Text(string key, string? fallback = null)
    {
        if (!Find(key, fallback is not null, out JsonElement value))
            return fallback ?? "";
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString()!;
        Problem($"`{key}` is {value.GetRawText()}, expected a string.");
        return fallback ?? "";
    }

    public string[] Texts(string key)
    {
        if (!Find(key, optional: false, out JsonElement value))
            return [];
        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
            return [.. value.EnumerateArray().Select(item => item.GetString()!)];
        Problem($"`{key}` is a JSON {Kind(value)}, expected an array of strings.");
        return [];
    }

    /// <summary>An enum member by its snake_case name.</summary>
    public T Choice<T>(string key, T? fallback = null) where T : struct, Enum
    {
        if (!Find(key, fallback is not null, out JsonElement value))
            return fallback ?? default;
        foreach (T member in Enum.GetValues<T>())
        {
            if (value.ValueKind == JsonValueKind.String && value.GetString() == SnakeCase(member))
                return member;
        }
        Problem($"`{key}` is {value.GetRawText()}, expected {string.Join(" or ", Enum.GetValues<T>().Select(m => $"\"{SnakeCase(m)}\""))}.");
        return fallback ?? default;
    }

    public static string SnakeCase<T>(T member) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(member.ToString());

    /// <summary>Throws one <see cref="InvalidDataException"/> with every problem, unread keys included.</summary>
    /// <param name="known">Keys that another mode uses: read nowhere, they are "not used" rather than "unknown".</param>
    /// <param name="mayDrop">Sources whose unused keys are dropped without a word (a preset's).</param>
    /// <param name="mode">The mode that does not use them, for the message.</param>
    public void Finish(IReadOnlyCollection<string> known, Func<string, bool>? mayDrop = null, string mode = "")
    {
        foreach ((string key, (_, string source)) in _values)
        {
            if (_used.Contains(key))
                continue;
            if (!known.Contains(key))
                Problem($"`{key}` is not a known key{Nearest(key, known)}");
            else if (mayDrop?.Invoke(source) != true)
                Problem($"`{key}` is not used with {mode}: remove it.");
        }
        if (_problems.Count > 0)
            throw new InvalidDataException(string.Join(Environment.NewLine, _problems.Select(problem => $"{_name}: {problem}")));
    }

    private bool Find(string key, bool optional, out JsonElement value)
    {
        _used.Add(key);
        bool found = _values.TryGetValue(key, out (JsonElement Value, string Source) entry);
        value = entry.Value;
        if (!found && !(AllowMissing && optional))
            Problem($"`{key}` is missing.");
        return found;
    }

    private static string Nearest(string key, IReadOnlyCollection<string> known)
    {
        string? nearest = known.MinBy(candidate => Distance(key, candidate));
        return nearest is not null && Distance(key, nearest) <= 3 ? $"; did you mean `{nearest}`?" : ".";
    }

    // Levenshtein's edit distance.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[b.Length];
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind kind => kind.ToString().ToLowerInvariant(),
    };
}
