using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mhc.Cli.Score.Tables;
using Mhc.MLNet;
using Spectre.Console;

namespace Mhc.Cli.Score;

/// <summary>One run of <c>mhc score</c>.</summary>
internal sealed class ScoreRun(ScoreOptions options)
{
    public void Run()
    {
        Check();
        using var scorer = new MhcScorer(options.Model);
        var columns = new ScoreColumns(options.Flag, scorer.Model, options.Model);
        if (options.Output == ScoreOptions.Pipe)
            ScoreProgress.Hide(progress => Score(scorer, columns, progress));
        else
        {
            Totals totals = new();
            ScoreProgress last = null!;
            ScoreProgress.Show(progress => (last, totals) = (progress, Score(scorer, columns, progress)));
            ScoreSummary.Print(options, totals, columns, scorer.Model, last);
        }
    }

    private void Check()
    {
        if (options.Input != ScoreOptions.Pipe && !File.Exists(options.Input))
        {
            string found = Directory.Exists(options.Input) ? "a folder" : "no such file";
            throw new FileNotFoundException(
                $"{options.Input}: {found}. Expected a file of texts: .csv, .jsonl, .parquet, or UTF-8 text, one text a line.", options.Input);
        }
        string[] inputs = options.Input == ScoreOptions.Pipe ? [options.Model] : [options.Model, options.Input];
        if (options.Output != ScoreOptions.Pipe)
            OutputPath.Check(options.Output, inputs);
        if (options.Quarantine is { } quarantine)
            OutputPath.Check(quarantine, options.Output == ScoreOptions.Pipe ? inputs : [.. inputs, options.Output]);
    }

    private Totals Score(MhcScorer scorer, ScoreColumns columns, ScoreProgress progress)
    {
        using Stream input = options.Input == ScoreOptions.Pipe ? Console.OpenStandardInput() : File.OpenRead(options.Input);
        using TableReader reader = options.InputFormat.Read(
            input, options.Source, options.Column, fixedColumns: options.OutputFormat.HasFixedColumns);
        var layout = new TableLayout(reader, columns.Columns, options.Source);
        RowFilter? filter = options.Where is { } where ? new(where, columns.Columns.Select(column => column.Name)) : null;
        var rows = new RowScorer(scorer, columns, filter, reader, layout, options, () => progress.Row(() => reader.Done));
        bool isWhole = options.Input == ScoreOptions.Pipe || options.Output == ScoreOptions.Pipe; // What cannot be gone on with.
        Totals totals = isWhole ? AtOnce(reader, rows, layout, progress) : InParts(reader, rows, layout, progress);
        ScoreSummary.Warn(totals);
        return totals;
    }

    private Totals AtOnce(TableReader reader, RowScorer rows, TableLayout layout, ScoreProgress progress)
    {
        progress.Start(0);
        Totals totals = new();
        if (options.Quarantine is { } quarantine)
        {
            OutputFile.Write(quarantine, temporary =>
            {
                using var aside = new StreamWriter(temporary, append: false, new UTF8Encoding(false));
                WriteTo(aside);
            });
        }
        else
        {
            WriteTo(TextWriter.Null);
        }
        return totals;

        void WriteTo(TextWriter aside)
        {
            if (options.Output == ScoreOptions.Pipe)
            {
                using Stream output = Console.OpenStandardOutput();
                WriteRows(output, aside);
            }
            else
            {
                OutputFile.Write(options.Output, temporary =>
                {
                    using FileStream output = File.Create(temporary);
                    WriteRows(output, aside);
                });
            }
        }

        void WriteRows(Stream output, TextWriter aside)
        {
            using TableWriter writer = options.OutputFormat.Write(output, layout, isFirst: true);
            totals = rows.Score(reader.Rows(skip: 0), writer, aside);
        }
    }

    private Totals InParts(TableReader reader, RowScorer rows, TableLayout layout, ScoreProgress progress)
    {
        using var folder = new PartFolder(options.Output, options.OutputFormat.Name, Manifest());
        try
        {
            if (folder.Parts.Count > 0)
                AnsiConsole.WriteLine($"Going on after {folder.Parts.Count} parts of {options.PartRows} rows that are done.");
            if (options.Quarantine is null && folder.Parts.Sum(part => part.Bad) is > 0 and long bad)
                throw new IOException($"{bad} bad rows were put aside so far. Say where they go with --quarantine FILE, as before.");
            using IEnumerator<InputRow> all = reader.Rows((long)folder.Parts.Count * options.PartRows).GetEnumerator();
            progress.Start(reader.Done);
            while (folder.Parts.Count == 0 || folder.Parts[^1].Rows == options.PartRows)
            {
                folder.Add((output, aside) =>
                {
                    using TableWriter writer = options.OutputFormat.Write(output, layout, isFirst: folder.Parts.Count == 0);
                    return rows.Score(Next(all), writer, aside);
                });
            }
        }
        catch when (folder.Parts.Count > 0)
        {
            Console.Error.WriteLine($"mhc: {folder.Parts.Count} parts of {options.PartRows} rows are done and kept in {options.Output}.parts.");
            throw;
        }
        folder.Finish(options.Output, options.Quarantine, (parts, output) => options.OutputFormat.Join(parts, layout, output));
        return Totals.Of(folder.Parts);
    }

    private IEnumerable<InputRow> Next(IEnumerator<InputRow> all)
    {
        for (int row = 0; row < options.PartRows && all.MoveNext(); row++)
            yield return all.Current;
    }

    /// <summary>All that decides what is in the parts.</summary>
    private Dictionary<string, string> Manifest() => new()
    {
        ["version"] = "1",
        ["input_sha256"] = Sha256(options.Input),
        ["model_sha256"] = Sha256(options.Model),
        ["format"] = options.InputFormat.Name,
        ["out_format"] = options.OutputFormat.Name,
        ["column"] = options.InputFormat.HasColumns ? options.Column : "none",
        ["where"] = options.Where ?? "none",
        ["flag"] = options.Flag?.ToString(CultureInfo.InvariantCulture) ?? "none",
        ["part_rows"] = options.PartRows.ToString(CultureInfo.InvariantCulture),
    };

    private static string Sha256(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
