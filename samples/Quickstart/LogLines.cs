using System.Text;

namespace Quickstart;

/// <summary>A log line and, for the generated ones, whether it is one of the odd ones.</summary>
public sealed record LogLine(string Text, bool IsOdd);

/// <summary>Text to learn ordinary lines from, and lines to judge.</summary>
internal static class LogLines
{
    private const int FewestLines = 100;

    /// <summary>One morning's logs to learn from, another morning's with odd lines among them.</summary>
    public static (string Training, LogLine[] Test) Generated()
    {
        string training = string.Concat(new ServiceLogs(seed: 1).Normal(8000).Select(line => line.Text + "\n"));
        return (training, [.. new ServiceLogs(seed: 3).Mixed(2000, oddPart: 0.03)]);
    }

    /// <summary>The first nine tenths of a file's lines to learn from, the others to judge.</summary>
    public static (string Training, LogLine[] Test) FromFile(string path)
    {
        string[] lines;
        try
        {
            lines = [.. File.ReadLines(path, new UTF8Encoding(false, throwOnInvalidBytes: true)).Where(line => line.Length > 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InvalidDataException($"{path}: {e.Message} Expected UTF-8 text, a line for each event.", e);
        }
        if (lines.Length < FewestLines)
        {
            throw new InvalidDataException($"{path}: {lines.Length} lines with text, expected at least {FewestLines} to learn from; "
                + "thousands are better.");
        }
        int split = lines.Length * 9 / 10;
        return (string.Concat(lines[..split].Select(line => line + "\n")), [.. lines[split..].Select(line => new LogLine(line, false))]);
    }
}
