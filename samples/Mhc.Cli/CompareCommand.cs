using System.CommandLine;
using Mhc.MLNet;
using static System.FormattableString;

namespace Mhc.Cli;

internal static class CompareCommand
{
    public static Command Create()
    {
        var models = new Argument<string[]>("models")
        {
            HelpName = "M.onnx",
            Arity = ArgumentArity.OneOrMore,
            Description = "Models that `mhc export` wrote; the first is what the others are compared with.",
        };
        var input = new Option<string>("--input") { Required = true, HelpName = "FILE", Description = "UTF-8 text, one text a line." };
        var command = new Command("compare",
            "What models find of a text, in a table: what --precision int8 costs, or which of two runs has learnt more. "
            + "Perplexities are of tokens, so only models with the same tokenizer are compared by them; bits per byte compare all.")
        {
            models, input,
        };
        command.SetAction(parsed => Run(parsed.GetValue(models)!, parsed.GetValue(input)!));
        return command;
    }

    private static void Run(string[] models, string input)
    {
        if (!File.Exists(input))
            throw new FileNotFoundException($"{input}: no such file. Expected a file of UTF-8 text, one text a line.", input);
        var table = new ReportTable("model", "precision", "MB", "perplexity", "change", "bits per byte", "change");
        Total? first = null;
        foreach (string path in models)
        {
            using var scorer = new MhcScorer(path);
            var total = new Total(scorer, path, input);
            first ??= total;
            bool sameTokens = total.Tokens == first.Tokens && total.Tokenizer == first.Tokenizer;
            table.Add(path, scorer.Model.Precision, Invariant($"{Size(path, scorer.Model) / 1e6:f1}"), Invariant($"{total.Perplexity:f4}"),
                sameTokens ? Change(total.Perplexity, first.Perplexity) : "", Invariant($"{total.BitsPerByte:f5}"),
                Change(total.BitsPerByte, first.BitsPerByte));
        }
        table.Show();
    }

    private static long Size(string path, MhcModelInfo model)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new FileInfo(path).Length + (model.ExternalData is { } data ? new FileInfo(Path.Combine(folder, data)).Length : 0);
    }

    private static string Change(double value, double first) => Invariant($"{value / first - 1:+0.000 %;-0.000 %;0 %}");

    /// <summary>A whole text, each token weighing the same.</summary>
    private sealed class Total
    {
        private readonly double _logLikelihood;
        private readonly long _bytes;

        public Total(MhcScorer scorer, string path, string input)
        {
            Tokenizer = scorer.Model.TokenizerType;
            foreach (MhcScore score in scorer.ScoreLazily(TextLines.Read(input)))
            {
                _logLikelihood += score.LogLikelihood;
                Tokens += score.TokenCount;
                _bytes += score.ByteCount;
            }
            if (Tokens == 0)
                throw new InvalidDataException($"{input}: nothing in it that {path} scores. Expected lines of UTF-8 text.");
        }

        public string Tokenizer { get; }

        public long Tokens { get; }

        public double Perplexity => Math.Exp(-_logLikelihood / Tokens);

        public double BitsPerByte => -_logLikelihood / (Math.Log(2) * _bytes);
    }
}
