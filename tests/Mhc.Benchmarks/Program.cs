using Mhc.Benchmarks;

int rounds = args is [_, var given, ..] ? int.Parse(given) : 10;
switch (args.FirstOrDefault())
{
    case "stream-update":
        StreamUpdate.Run(rounds);
        return 0;
    case "attention-forms":
        AttentionForms.Run(rounds, threads: args is [_, _, var t] ? int.Parse(t) : 2);
        return 0;
    default:
        Console.Error.WriteLine("Expected stream-update or attention-forms, and a number of rounds.");
        return 1;
}
