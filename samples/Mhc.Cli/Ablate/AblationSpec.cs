using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Mhc.Training;

namespace Mhc.Cli.Ablate;

/// <summary>One design of an ablation.</summary>
/// <param name="Name">Also the name of its folder.</param>
/// <param name="Settings"><c>key=value</c> each, over those that all designs share.</param>
internal sealed record AblationVariant(string Name, IReadOnlyList<string> Settings);

/// <summary>Which runs an ablation is made of: every variant with every seed.</summary>
/// <param name="Preset">What the settings start from.</param>
/// <param name="Settings"><c>key=value</c> each, of all variants.</param>
/// <param name="Variants">The baseline first.</param>
/// <param name="Seeds">Of the weights, the windows and dropout: runs of one seed differ in the design alone.</param>
internal sealed partial record AblationSpec(
    string Preset, IReadOnlyList<string> Settings, IReadOnlyList<AblationVariant> Variants, IReadOnlyList<int> Seeds)
{
    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
    };

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">Lists everything that is wrong with it.</exception>
    public static AblationSpec Read(string path)
    {
        const string Expected =
            "Expected an object with base, variants (each with name and settings) and seeds, such as docs/ablation.json.";
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: no such file. {Expected}", path);
        SpecFile file;
        try
        {
            file = JsonSerializer.Deserialize<SpecFile>(File.ReadAllText(path), Strict)
                ?? throw new InvalidDataException($"{path}: found null. {Expected}");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message} {Expected}", e);
        }
        var spec = new AblationSpec(file.Preset ?? "smoke", Texts(file.Base),
            [.. file.Variants.Select(variant => new AblationVariant(variant.Name, Texts(variant.Settings)))], file.Seeds);
        string[] problems = [.. spec.Problems().Select(problem => $"{path}: {problem}")];
        return problems.Length == 0 ? spec : throw new InvalidDataException(string.Join('\n', problems));
    }

    /// <summary>The settings of one run.</summary>
    public IReadOnlyList<string> SettingsOf(AblationVariant variant, int seed) => [.. Settings, .. variant.Settings, $"seed={seed}"];

    /// <exception cref="InvalidDataException">Lists everything that is wrong with the settings.</exception>
    public RunSettings Resolve(AblationVariant variant) => RunSettings.Resolve(Preset, settings: SettingsOf(variant, Seeds[0]));

    private IEnumerable<string> Problems()
    {
        if (Variants.Count == 0)
            yield return "`variants` is empty, expected the baseline and what to compare with it.";
        if (Seeds.Count == 0 || Seeds.Any(seed => seed < 0) || Seeds.Distinct().Count() != Seeds.Count)
            yield return $"`seeds` is [{string.Join(", ", Seeds)}], expected one or more different numbers of at least 0.";
        foreach (AblationVariant variant in Variants.Where(variant => !FolderName().IsMatch(variant.Name)))
            yield return $"a variant is called `{variant.Name}`, expected letters, digits, dots and dashes: a folder is called so.";
        foreach (IGrouping<string, AblationVariant> twice in Variants.GroupBy(variant => variant.Name).Where(group => group.Count() > 1))
            yield return $"there are {twice.Count()} variants called `{twice.Key}`, expected different names.";
        foreach (AblationVariant variant in Variants.Where(_ => Seeds.Count > 0))
        {
            string[] keys = [.. Settings.Concat(variant.Settings).Select(setting => setting.Split('=')[0])];
            if (keys.Contains("seed"))
                yield return $"{variant.Name}: `seed` is set, but the ablation sets it: remove it.";
            if (keys.Contains("patience"))
                yield return $"{variant.Name}: `patience` is set, but losses are compared after the same number of updates: remove it.";
            string? problem = null;
            try
            {
                Resolve(variant);
            }
            catch (InvalidDataException e)
            {
                problem = e.Message;
            }
            if (problem is not null)
                yield return $"{variant.Name}: {problem}";
        }
    }

    private static string[] Texts(Dictionary<string, JsonElement> settings) => [.. settings.Select(setting =>
        $"{setting.Key}={(setting.Value.ValueKind == JsonValueKind.String ? setting.Value.GetString() : setting.Value.GetRawText())}")];

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9.\-]*$")]
    private static partial Regex FolderName();

    private sealed record SpecFile(Dictionary<string, JsonElement> Base, List<SpecVariant> Variants, List<int> Seeds,
        string? Description = null, string? Preset = null);

    private sealed record SpecVariant(string Name, Dictionary<string, JsonElement> Settings);
}
