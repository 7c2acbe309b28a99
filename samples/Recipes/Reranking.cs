using Mhc.MLNet;
using Quickstart;

namespace Recipes;

/// <summary>Chooses among candidates the one that goes on best: log P(candidate | context) by byte, so that short ones have no advantage.</summary>
internal static class Reranking
{
    private const int Candidates = 5;

    public static void Run(string model)
    {
        // "08:00:01 INFO  auth:" and what follows: of this line and of others.
        (string Head, string Message)[] lines = [.. new ServiceLogs(seed: 7).Normal(1000).Select(line => Split(line.Text))];
        using var scorer = new MhcScorer(model);
        int right = 0, rounds = lines.Length / Candidates;
        for (int round = 0; round < rounds; round++)
        {
            (string Head, string Message)[] group = lines[(round * Candidates)..((round + 1) * Candidates)];
            int own = round % Candidates;
            IReadOnlyList<MhcScore> scores = scorer.Score(
                [.. group.Select(candidate => new MhcText(candidate.Message, group[own].Head))], MhcDetails.None);
            int best = scores.Index().MinBy(score => score.Item.BitsPerByte).Index;
            right += best == own ? 1 : 0;
            if (round == 0)
            {
                Console.WriteLine(group[own].Head);
                foreach ((int i, MhcScore score) in scores.Index())
                    Console.WriteLine(FormattableString.Invariant($"  {(i == best ? ">" : " ")} {score.BitsPerByte:f2} {group[i].Message}"));
            }
        }
        Console.WriteLine($"{right} of {rounds} lines found their own message among {Candidates}.");
    }

    private static (string Head, string Message) Split(string line)
    {
        int at = line.IndexOf(": ", StringComparison.Ordinal) + 1;
        return (line[..at], line[at..]);
    }
}
