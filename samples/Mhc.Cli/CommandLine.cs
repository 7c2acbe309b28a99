using System.CommandLine;

namespace Mhc.Cli;

/// <summary>Runs a command and turns what goes wrong into a message on standard error and an exit code.</summary>
internal static class CommandLine
{
    public const int Success = 0, BadInput = 1, BadUsage = 2;

    private static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "On failure, print where in the program it happened.",
        Recursive = true,
    };

    public static int Run(RootCommand root, string[] args)
    {
        root.Options.Add(Verbose);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (string error in parsed.Errors.Select(error => error.Message).Distinct())
                Console.Error.WriteLine($"mhc: {error}");
            Console.Error.WriteLine($"Run `{string.Join(' ', Path(parsed.CommandResult.Command))} --help` for what it takes.");
            return BadUsage;
        }
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e)
        {
            Exception cause = e is AggregateException { InnerException: { } inner } ? inner : e;
            foreach (string line in (parsed.GetValue(Verbose) ? cause.ToString() : cause.Message).ReplaceLineEndings("\n").Split('\n'))
                Console.Error.WriteLine($"mhc: {line}");
            return BadInput;
        }
    }

    private static IEnumerable<string> Path(Command command) => command is RootCommand
        ? ["mhc"]
        : Path(command.Parents.OfType<Command>().First()).Append(command.Name);
}
