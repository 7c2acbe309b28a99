using Mhc.Benchmarks;

int rounds = args is [_, var given, ..] ? int.Parse(given) : 10, threads = args is [_, _, var wanted] ? int.Parse(wanted) : 2;
switch (args.FirstOrDefault())
{
    case "stream-update":
        StreamUpdate.Run(rounds);
        return 0;
    case "graph-forms":
        GraphForms.Run(rounds, threads);
        return 0;
    case "attention-forms":
        AttentionForms.Run(rounds, threads);
        return 0;
    default:
        Console.Error.WriteLine("Expected stream-update, graph-forms or attention-forms, the number of rounds (10), the number of threads (2).");
        return 1;
}
