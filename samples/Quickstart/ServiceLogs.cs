using System.Globalization;

namespace Quickstart;

/// <summary>A morning's logs of a small shop's services, made up from a grammar with a seed; a few percent of them can be odd.</summary>
public sealed class ServiceLogs(int seed)
{
    private static readonly string[] Services = ["gateway", "auth", "orders", "payments", "storage", "mailer"];
    private static readonly string[] Paths = ["/cart", "/checkout", "/login", "/search", "/items"];
    private static readonly string[] Tables = ["orders", "users", "items", "invoices"];
    private static readonly string[] Odd =
    [
        "segfault at 0x7ffd21 in worker thread", "certificate chain rejected by peer", "disk quota exceeded on /var/lib/data",
        "unexpected token '<' while parsing config", "leader election lost, stepping down", "clock skew of 734s against ntp",
    ];

    private readonly Random _random = new(seed);
    private DateTime _time = new(2026, 3, 2, 8, 0, 0, DateTimeKind.Utc);

    /// <summary>Lines as they should be.</summary>
    public IEnumerable<LogLine> Normal(int count) => Enumerable.Range(0, count).Select(_ => new LogLine(Line(Pick(Services)), false));

    /// <summary>Lines of which about <paramref name="oddPart"/> are odd, each in one of four ways.</summary>
    public IEnumerable<LogLine> Mixed(int count, double oddPart) =>
        Enumerable.Range(0, count).Select(_ => _random.NextDouble() < oddPart
            ? new LogLine(OddLine(), true)
            : new LogLine(Line(Pick(Services)), false));

    private string OddLine()
    {
        string service = Pick(Services);
        string[] words = Line(service).Split(' ');
        int message = Array.FindIndex(words, word => word == $"{service}:") + 1;
        switch (_random.Next(4))
        {
            case 0: // Wrong order: two neighbouring words of the message change places.
                int at = _random.Next(message, words.Length - 1);
                (words[at], words[at + 1]) = (words[at + 1], words[at]);
                return string.Join(' ', words);
            case 1: // An error that the services never report.
                return $"{Head("ERROR", service)} {Pick(Odd)}";
            case 2: // A corrupted field: its characters are replaced by others.
                int field = _random.Next(message, words.Length);
                words[field] = string.Concat(words[field].Select(_ => (char)_random.Next('!', '~')));
                return string.Join(' ', words);
            default: // The wrong service: it says what only another one says.
                string other = Pick([.. Services.Where(name => name != service)]);
                return $"{Head("INFO", service)} {Message(other).Message}";
        }
    }

    private string Line(string service)
    {
        (string level, string message) = Message(service);
        return $"{Head(level, service)} {message}";
    }

    private string Head(string level, string service)
    {
        _time += TimeSpan.FromMilliseconds(_random.Next(5, 900));
        return string.Create(CultureInfo.InvariantCulture, $"{_time:HH:mm:ss} {level,-5} {service}:");
    }

    private (string Level, string Message) Message(string service) => (service, _random.Next(10)) switch
    {
        ("gateway", 0) => ("WARN", $"upstream {Pick(Services)} slow, took {_random.Next(800, 3000)}ms"),
        ("gateway", < 4) => ("INFO", $"POST {Pick(Paths)} 201 in {_random.Next(20, 400)}ms"),
        ("gateway", _) => ("INFO", $"GET {Pick(Paths)} 200 in {_random.Next(2, 90)}ms"),
        ("auth", 0) => ("WARN", $"login failed for user u{_random.Next(100, 999)}, attempt {_random.Next(1, 4)} of 3"),
        ("auth", < 5) => ("INFO", $"token refreshed for user u{_random.Next(100, 999)}"),
        ("auth", _) => ("INFO", $"login of user u{_random.Next(100, 999)} with password"),
        ("orders", 0) => ("WARN", $"order {_random.Next(1000, 9999)} waits for payment since {_random.Next(2, 30)} minutes"),
        ("orders", < 5) => ("INFO", $"order {_random.Next(1000, 9999)} created with {_random.Next(1, 9)} items"),
        ("orders", _) => ("INFO", $"order {_random.Next(1000, 9999)} shipped"),
        ("payments", 0) => ("ERROR", $"card declined for order {_random.Next(1000, 9999)}, code {_random.Next(50, 60)}"),
        ("payments", _) => ("INFO", $"charged {_random.Next(5, 200)}.{_random.Next(10, 99)} EUR for order {_random.Next(1000, 9999)}"),
        ("storage", 0) => ("WARN", $"table {Pick(Tables)} locked for {_random.Next(100, 900)}ms"),
        ("storage", < 5) => ("DEBUG", $"read {_random.Next(1, 500)} rows from {Pick(Tables)}"),
        ("storage", _) => ("DEBUG", $"wrote {_random.Next(1, 50)} rows to {Pick(Tables)}"),
        ("mailer", 0) => ("WARN", $"mail queue has {_random.Next(100, 400)} messages"),
        (_, _) => ("INFO", $"sent receipt of order {_random.Next(1000, 9999)} to user u{_random.Next(100, 999)}"),
    };

    private string Pick(string[] choices) => choices[_random.Next(choices.Length)];
}
