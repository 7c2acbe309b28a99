using System.CommandLine;
using System.CommandLine.Invocation;
using Mhc.Training;

namespace Mhc.Cli;

/// <summary><c>--list-presets</c>: prints them and does nothing else, so that no other option is required beside it.</summary>
internal static class ListPresets
{
    public static Option<bool> Create() => new("--list-presets")
    {
        Description = "Print the presets with their sizes and do nothing else.",
        Action = new Print(),
    };

    private sealed class Print : SynchronousCommandLineAction
    {
        public override bool Terminating => true;

        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var table = new ReportTable("preset", "what it trains");
            foreach ((string name, string description) in RunSettings.Presets)
                table.Add(name, description);
            table.Show();
            return CommandLine.Success;
        }
    }
}
