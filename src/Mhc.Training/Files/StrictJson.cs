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

    /// <summary>Which members of two flat JSON objects are not the same, their values as JSON; null where there is none.</summary>
    public static IEnumerable<(string Key, string? First, string? Second)> Differences(string first, string second)
    {
        Dictionary<string, string> a = Members(first), b = Members(second);
        return a.Keys.Union(b.Keys).Select(key => (key, a.GetValueOrDefault(key), b.GetValueOrDefault(key))).Where(d => d.Item2 != d.Item3);

        static Dictionary<string, string> Members(string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetRawText());
        }
    }

    /// <summary>Adds the members of a JSON object; a member replaces one of the same name from an earlier source.</summary>
    /// <param name="mayReplace">Sources whose members are replaced; those of others stay.</param>
    public void Add(string json, string source, Func<string, bool>? mayReplace = null)
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
            bool isThere = _values.TryGetValue(member.Name, out (JsonElement Value, string Source) there);
            if (mayReplace is null || !isThere || mayReplace(there.Source))
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

    /// <param name="fallback">The value where the key is absent: its default, or a stand-in that keeps one mistake from becoming two.</param>
    public int Int(string key, int fallback, bool required = false) =>
        Read(key, "an integer", fallback, required, (JsonElement value, out int number) => IsInt(value, out number));

    public int? IntOrNull(string key, bool required = false) => Read(key, "an integer or null", null, required, (JsonElement value, out int? number) =>
    {
        bool isInt = IsInt(value, out int found);
        number = isInt ? found : null;
        return isInt || value.ValueKind == JsonValueKind.Null;
    });

    public double Number(string key, double fallback, bool required = false) =>
        Read(key, "a number", fallback, required, (JsonElement value, out double number) =>
        {
            number = 0;
            return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out number) && double.IsFinite(number);
        });

    public double? NumberOrNull(string key, bool required = false) =>
        Read(key, "a number or null", null, required, (JsonElement value, out double? number) =>
        {
            bool isNumber = value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double found) && double.IsFinite(found);
            number = isNumber ? value.GetDouble() : null;
            return isNumber || value.ValueKind == JsonValueKind.Null;
        });

    public double[] Numbers(string key, double[] fallback, bool required = false) =>
        Read(key, $"an array of {fallback.Length} numbers", fallback, required, (JsonElement value, out double[] numbers) =>
        {
            bool areNumbers = value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == fallback.Length
                && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && double.IsFinite(item.GetDouble()));
            numbers = areNumbers ? [.. value.EnumerateArray().Select(item => item.GetDouble())] : [];
            return areNumbers;
        });

    public bool Bool(string key, bool fallback, bool required = false) =>
        Read(key, "true or false", fallback, required, (JsonElement value, out bool flag) =>
        {
            flag = value.ValueKind == JsonValueKind.True;
            return value.ValueKind is JsonValueKind.True or JsonValueKind.False;
        });

    public string Text(string key, string fallback, bool required = false) =>
        Read(key, "a string", fallback, required, (JsonElement value, out string text) =>
        {
            bool isText = value.ValueKind == JsonValueKind.String;
            text = isText ? value.GetString()! : "";
            return isText;
        });

    public string? TextOrNull(string key) => Read(key, "a string or null", null, false, (JsonElement value, out string? text) =>
    {
        text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return value.ValueKind is JsonValueKind.String or JsonValueKind.Null;
    });

    public string[] Texts(string key) => Read<string[]>(key, "an array of strings", [], true, (JsonElement value, out string[] texts) =>
    {
        bool areTexts = value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String);
        texts = areTexts ? [.. value.EnumerateArray().Select(item => item.GetString()!)] : [];
        return areTexts;
    });

    /// <summary>Passes over keys that may be there and say nothing of interest.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
            _used.Add(key);
    }

    /// <summary>An enum member by its snake_case name.</summary>
    public T Choice<T>(string key, T fallback, bool required = false) where T : struct, Enum
    {
        T[] members = Enum.GetValues<T>();
        string expected = string.Join(" or ", members.Select(member => $"\"{SnakeCase(member)}\""));
        return Read(key, expected, fallback, required, (JsonElement value, out T choice) =>
        {
            int index = value.ValueKind == JsonValueKind.String ? Array.FindIndex(members, member => SnakeCase(member) == value.GetString()) : -1;
            choice = index < 0 ? fallback : members[index];
            return index >= 0;
        });
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
        Throw.InvalidData_IfAny(_problems.Select(problem => $"{_name}: {problem}"));
    }

    private delegate bool TryRead<T>(JsonElement value, out T result);

    private T Read<T>(string key, string expected, T fallback, bool required, TryRead<T> tryRead)
    {
        _used.Add(key);
        if (!_values.TryGetValue(key, out (JsonElement Value, string Source) entry))
        {
            if (required)
                Problem($"`{key}` is missing, expected {expected}.");
            return fallback;
        }
        if (tryRead(entry.Value, out T result))
            return result;
        string found = entry.Value.GetRawText();
        Problem($"`{key}` is {(found.Length <= 40 ? found : $"{found[..40]}…")}, expected {expected}.");
        return fallback;
    }

    private static bool IsInt(JsonElement value, out int number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number);
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
