using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mhc.MLNet;

namespace Mhc.Cli;

internal static class ScoreCommand
{
    private const string Header = "Line,LogLikelihood,TokenCount,Perplexity,BitsPerByte,UnknownCount,Text";

    public static Command Create()
    {
        var model = new Option<string>("--model")
        {
            Required = true,
            HelpName = "M.onnx",
            Description = "A model that `mhc export` wrote.",
        };
        var input = new Option<string>("--input") { Required = true, HelpName = "FILE", Description = "UTF-8 text, one text a line." };
        var output = new Option<string?>("--out") { HelpName = "FILE.csv", Description = "CSV file to write; standard output without it." };
        var command = new Command("score",
            "Score each line of a file: how likely the model finds it. LogLikelihood is in nats, Perplexity is per token, "
            + "BitsPerByte per byte of the line's UTF-8; more bits per byte means stranger. An empty line has no ratios: NaN. "
            + "Characters that a char vocabulary lacks are not scored but counted in UnknownCount.")
        {
            model, input, output,
        };
        command.SetAction(parsed => Run(parsed.GetValue(model)!, parsed.GetValue(input)!, parsed.GetValue(output)));
        return command;
    }

    private static void Run(string modelPath, string input, string? output)
    {
        if (!File.Exists(input))
        {
            string found = Directory.Exists(input) ? "a folder" : "no such file";
            throw new FileNotFoundException($"{input}: {found}. Expected a file of UTF-8 text, one text a line.", input);
        }
        if (output is not null)
            OutputPath.Check(output, modelPath, input);
        using var scorer = new MhcScorer(modelPath);
        if (output is null)
        {
            using var standardOutput = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
            Write(scorer, input, standardOutput);
            return;
        }

        string temporary = $"{output}.{Guid.NewGuid():N}.tmp";
        try
        {
            Totals totals;
            using (var file = new StreamWriter(temporary, append: false, new UTF8Encoding(false)))
                totals = Write(scorer, input, file);
            File.Move(temporary, output, overwrite: true);
            Console.WriteLine(totals.Describe(output));
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static Totals Write(MhcScorer scorer, string input, TextWriter writer)
    {
        var totals = new Totals();
        var lines = new Queue<string>(); // The lines that the scorer has read ahead.
        writer.WriteLine(Header);
        foreach (MhcScore score in scorer.ScoreLazily(TextLines.Read(input).Select(Remember)))
        {
            totals.Add(score);
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{totals.Lines},{score.LogLikelihood:r},{score.TokenCount},"
                + $"{score.Perplexity:r},{score.BitsPerByte:r},{score.UnknownCount},{Quote(lines.Dequeue())}"));
        }
        totals.WarnOfUnknown();
        return totals;

        string Remember(string line)
        {
            lines.Enqueue(line);
            return line;
        }
    }

    // RFC 4180.
    private static string Quote(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    /// <summary>Over all lines, each token weighing the same.</summary>
    private sealed class Totals
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private double _logLikelihood;
        private long _tokens, _bytes, _linesWithUnknown;

        public long Lines { get; private set; }

        public void Add(MhcScore score)
        {
            Lines++;
            _logLikelihood += score.LogLikelihood;
            _tokens += score.TokenCount;
            if (score.UnknownCount > 0)
                _linesWithUnknown++;
            _bytes += score.ByteCount;
        }

        /// <summary>Unknown characters count as bytes and not as tokens, so they make a line look more ordinary than it is.</summary>
        public void WarnOfUnknown()
        {
            if (_linesWithUnknown > 0)
            {
                string count = string.Create(CultureInfo.InvariantCulture, $"{_linesWithUnknown:n0} of {Lines:n0} lines");
                Console.Error.WriteLine($"mhc: warning: {count} hold characters that the model's vocabulary lacks. "
                    + "They are not scored, which lowers BitsPerByte: look at UnknownCount first, or train with tokenizer=byte.");
            }
        }

        public string Describe(string output) => string.Create(CultureInfo.InvariantCulture,
            $"{output}: {Lines:n0} lines, {_tokens:n0} tokens; perplexity {Math.Exp(-_logLikelihood / _tokens):g6}, "
            + $"{-_logLikelihood / (Math.Log(2) * _bytes):f4} bits per byte; {Lines / _watch.Elapsed.TotalSeconds:n0} lines/s, "
            + $"{_tokens / _watch.Elapsed.TotalSeconds:n0} tokens/s.");
    }
}
