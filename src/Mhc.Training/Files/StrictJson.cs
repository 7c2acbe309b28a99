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

    /// <param name="name">What the object is called in messages: a file's path or "settings".</param>
    public StrictJson(string name) => _name = name;

    public static StrictJson ReadFile(string path)
    {
        var json = new StrictJson(path);
        json.Add(File.ReadAllText(path), path);
        return json;
    }

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
            throw new InvalidDataException(
                $"{source}: not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}. Expected one JSON object.", e);
        }
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException(
                $"{source}: found a JSON {document.RootElement.ValueKind.ToString().ToLowerInvariant()}, expected an object.");
        }
        var seen = new HashSet<string>();
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            if (!seen.Add(member.Name))
                Problem($"`{member.Name}` is there twice.");
            _values[member.Name] = (member.Value, source);
        }
    }

    public void Problem(string problem) => _problems.Add(problem);

    public void Problems(IEnumerable<string> problems) => _problems.AddRange(problems);

    /// <summary>Throws at once where the version is another one: what else such an object holds cannot be judged.</summary>
    public void RequireVersion(string key, int supported)
    {
        int found = Int(key, supported, required: true);
        if (found != supported)
        {
            throw new InvalidDataException($"{_name}: `{key}` is {found}, this version of Mhc.Training reads {supported}: "
                + "use the Mhc.Training that wrote it.");
        }
    }

    /// <param name="fallback">
    /// The value where the key is absent: its default, or a stand-in that keeps one mistake from becoming two.
    /// </param>
    public int Int(string key, int fallback, bool required = false)
    {
        const string Expected = "an integer";
        if (!Find(key, Expected, required, out JsonElement value))
            return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number))
            return number;
        return IllTyped(key, value, Expected, fallback);
    }

    public int? IntOrNull(string key)
    {
        const string Expected = "an integer or null";
        if (!Find(key, Expected, required: true, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number))
            return number;
        return IllTyped<int?>(key, value, Expected, null);
    }

    public double Number(string key, double fallback, bool required = false)
    {
        const string Expected = "a number";
        if (!Find(key, Expected, required, out JsonElement value))
            return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number))
            return number;
        return IllTyped(key, value, Expected, fallback);
    }

    public bool Bool(string key, bool fallback, bool required = false)
    {
        const string Expected = "true or false";
        if (!Find(key, Expected, required, out JsonElement value))
            return fallback;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        return IllTyped(key, value, Expected, fallback);
    }

    public string Text(string key, string fallback, bool required = false)
    {
        const string Expected = "a string";
        if (!Find(key, Expected, required, out JsonElement value))
            return fallback;
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString()!;
        return IllTyped(key, value, Expected, fallback);
    }

    public string[] Texts(string key)
    {
        const string Expected = "an array of strings";
        if (!Find(key, Expected, required: true, out JsonElement value))
            return [];
        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
            return [.. value.EnumerateArray().Select(item => item.GetString()!)];
        return IllTyped<string[]>(key, value, Expected, []);
    }

    /// <summary>Passes over keys that may be there and say nothing of interest.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
            _used.Add(key);
    }

    /// <summary>An enum member by its snake_case name.</summary>
    public T Choice<T>(string key, T fallback, bool required = false) where T : struct, Enum
    {
        string expected = string.Join(" or ", Enum.GetValues<T>().Select(member => $"\"{SnakeCase(member)}\""));
        if (!Find(key, expected, required, out JsonElement value))
            return fallback;
        foreach (T member in Enum.GetValues<T>())
        {
            if (value.ValueKind == JsonValueKind.String && value.GetString() == SnakeCase(member))
                return member;
        }
        return IllTyped(key, value, expected, fallback);
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

    private bool Find(string key, string expected, bool required, out JsonElement value)
    {
        _used.Add(key);
        bool found = _values.TryGetValue(key, out (JsonElement Value, string Source) entry);
        value = entry.Value;
        if (!found && required)
            Problem($"`{key}` is missing, expected {expected}.");
        return found;
    }

    private T IllTyped<T>(string key, JsonElement value, string expected, T fallback)
    {
        string found = value.GetRawText();
        Problem($"`{key}` is {(found.Length <= 40 ? found : $"{found[..40]}…")}, expected {expected}.");
        return fallback;
    }

    private static string Nearest(string key, IReadOnlyCollection<string> known)
    {
        string? nearest = known.MinBy(candidate => Distance(key, candidate));
        return nearest is not null && Distance(key, nearest) <= 3 ? $"; did you mean `{nearest}`?" : ": remove it.";
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
}
