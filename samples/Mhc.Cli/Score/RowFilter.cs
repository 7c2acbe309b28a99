using System.Globalization;
using System.Text.RegularExpressions;

namespace Mhc.Cli.Score;

/// <summary>
/// Which rows to keep: <c>Perplexity &gt; 40 and TokenCount &gt;= 5</c>, comparisons of scores with numbers, true or false. A score that is
/// NaN compares with nothing.
/// </summary>
internal sealed partial class RowFilter
{
    private static readonly Dictionary<string, Func<double, double, bool>> Operators = new()
    {
        ["<"] = (a, b) => a < b,
        ["<="] = (a, b) => a <= b,
        [">"] = (a, b) => a > b,
        [">="] = (a, b) => a >= b,
        ["="] = (a, b) => a == b,
        ["!="] = (a, b) => a != b && !double.IsNaN(a),
    };

    private readonly List<(int Column, Func<double, double, bool> Compare, double Value)> _comparisons = [];

    /// <param name="columns">The names that may be compared.</param>
    /// <exception cref="FormatException">Says what was found, at which character, and what was expected.</exception>
    public RowFilter(string expression, IEnumerable<string> columns)
    {
        string[] names = [.. columns];
        Match[] tokens = [.. Token().Matches(expression).Cast<Match>()];
        int next = 0;
        do
        {
            int column = Array.IndexOf(names, Take());
            if (column < 0)
                throw Unexpected(string.Join(", ", names));
            if (!Operators.TryGetValue(Take(), out Func<double, double, bool>? compare))
                throw Unexpected(string.Join(", ", Operators.Keys));
            string value = Take();
            double number = value == "true" ? 1 : 0;
            if (value is not ("true" or "false") && !double.TryParse(value, CultureInfo.InvariantCulture, out number))
                throw Unexpected("a number, true or false");
            _comparisons.Add((column, compare, number));
        }
        while (next < tokens.Length && (Take() == "and" ? true : throw Unexpected("`and` or the end")));

        string Take() => next++ < tokens.Length ? tokens[next - 1].Value : "";

        FormatException Unexpected(string expected)
        {
            string found = next > tokens.Length ? "it ends"
                : $"it has `{tokens[next - 1].Value}` at character {tokens[next - 1].Index + 1}";
            return new($"--where \"{expression}\": {found}, expected {expected}.");
        }
    }

    /// <param name="scores">A number or truth value for each column.</param>
    public bool Keeps(object?[] scores)
    {
        foreach ((int column, Func<double, double, bool> compare, double value) in _comparisons)
            if (!compare(Convert.ToDouble(scores[column], CultureInfo.InvariantCulture), value))
                return false;
        return true;
    }

    [GeneratedRegex(@"[<>!=]=?|[^\s<>!=]+")]
    private static partial Regex Token();
}
