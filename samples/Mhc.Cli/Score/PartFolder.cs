using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mhc.Cli.Score;

/// <summary>
/// The folder beside the result in which it grows: part-00000.csv and so on, what each adds up to, the bad rows of each, and manifest.json,
/// which says what of. A part is complete once its .json is there. The folder goes when the result is written.
/// </summary>
internal sealed class PartFolder : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly string _path, _extension;
    private readonly FileStream _lock;
    private readonly List<Totals> _parts = [];

    /// <param name="output">The result.</param>
    /// <param name="manifest">What the parts depend on.</param>
    /// <exception cref="IOException">The folder has parts of something else, or another process is at work in it.</exception>
    public PartFolder(string output, string extension, IReadOnlyDictionary<string, string> manifest)
    {
        (_path, _extension) = ($"{output}.parts", extension);
        bool isNew = !Directory.Exists(_path);
        Directory.CreateDirectory(_path);
        _lock = Lock();
        try
        {
            string file = Path.Combine(_path, "manifest.json");
            if (File.Exists(file))
                RequireSame(file, manifest);
            else if (isNew || !Directory.EnumerateFileSystemEntries(_path).Any(entry => entry != _lock.Name))
                OutputFile.Write(file, JsonSerializer.Serialize(manifest, Json) + "\n");
            else
                throw new IOException($"{_path}: holds something that `mhc score` did not make. Remove it, or write elsewhere.");
            while (File.Exists(TotalsFile(_parts.Count)))
                _parts.Add(JsonSerializer.Deserialize<Totals>(File.ReadAllText(TotalsFile(_parts.Count)), Json)!);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The complete parts, in their order.</summary>
    public IReadOnlyList<Totals> Parts => _parts;

    /// <param name="write">Writes the rows to the first, the bad rows to the second.</param>
    public void Add(Func<Stream, TextWriter, Totals> write)
    {
        int number = _parts.Count;
        Totals totals = null!;
        OutputFile.Write(PartFile(number), temporary =>
        {
            using FileStream rows = File.Create(temporary);
            OutputFile.Write(BadFile(number), temporaryBad =>
            {
                using var bad = new StreamWriter(temporaryBad, append: false, new UTF8Encoding(false));
                totals = write(rows, bad);
            });
        });
        OutputFile.Write(TotalsFile(number), JsonSerializer.Serialize(totals, Json) + "\n");
        _parts.Add(totals);
    }

    /// <summary>Puts the parts together where they belong and removes them.</summary>
    /// <param name="quarantine">Where the bad rows go; null for nowhere.</param>
    /// <param name="join">Puts the files of rows together.</param>
    public void Finish(string output, string? quarantine, Action<IEnumerable<string>, Stream> join)
    {
        if (quarantine is not null)
        {
            Join(quarantine, BadFile, (files, stream) =>
            {
                foreach (string file in files)
                    stream.Write(File.ReadAllBytes(file));
            });
        }
        Join(output, PartFile, join);
        Remove();
    }

    public void Dispose()
    {
        if (_parts.Count == 0 && Directory.Exists(_path))
            Remove(); // Nothing that is worth keeping.
        _lock.Dispose();
    }

    private void Join(string target, Func<int, string> file, Action<IEnumerable<string>, Stream> join)
    {
        string joined = Path.Combine(_path, "joined");
        using (FileStream stream = File.Create(joined))
            join(_parts.Select((_, number) => file(number)), stream);
        File.Move(joined, target, overwrite: true);
    }

    private void Remove()
    {
        _lock.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    private void RequireSame(string file, IReadOnlyDictionary<string, string> manifest)
    {
        Dictionary<string, string> found = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))!;
        string[] differences =
        [
            .. manifest.Where(entry => found.GetValueOrDefault(entry.Key) != entry.Value)
                .Select(entry => $"`{entry.Key}` is {entry.Value}, and {found.GetValueOrDefault(entry.Key) ?? "not there"} in it"),
        ];
        if (differences.Length > 0)
        {
            throw new IOException($"{file}: belongs to another scoring that is half done: {string.Join("; ", differences)}. "
                + $"Give the same again to go on, or remove {_path} to begin anew.");
        }
    }

    private FileStream Lock()
    {
        try
        {
            return new FileStream(Path.Combine(_path, "lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1,
                FileOptions.DeleteOnClose);
        }
        catch (IOException e)
        {
            throw new IOException($"{_path}: another process is scoring into it. Wait for its end, or write elsewhere.", e);
        }
    }

    private string PartFile(int number) => Name(number, _extension);

    private string BadFile(int number) => Name(number, "bad.jsonl");

    private string TotalsFile(int number) => Name(number, "json");

    private string Name(int number, string extension) =>
        Path.Combine(_path, string.Create(CultureInfo.InvariantCulture, $"part-{number:d5}.{extension}"));
}
