using System.Diagnostics;
using System.Text.Json;
using Mhc.Cli.Score;
using Mhc.Testing;
using Parquet;
using Parquet.Schema;

namespace Mhc.Integration.Tests;

/// <summary><c>mhc score</c> with tables in and out, as a user calls it.</summary>
public sealed class FilesOfTextsAreScored : IClassFixture<FilesOfTextsAreScored.ExportedModel>, IDisposable
{
    /// <summary>A small model that finds validation texts at 1 to 5 bits per byte.</summary>
    public sealed class ExportedModel : IDisposable
    {
        private readonly TemporaryFolder _folder = Fixtures.Temporary();

        public ExportedModel()
        {
            using GoldenFixture golden = GoldenFixture.Open("mhc4");
            File.WriteAllText(Path.Combine(golden.Checkpoint, "tokenizer.json"), """
                { "version": 1, "type": "char", "vocabulary": ["\n", "a", "b", "c", "d", "e", "f", "g", "h", "i", " "],
                  "prefix_token_id": 0, "eos_token_id": null }
                """);
            CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", Old);
            File.WriteAllText(Path.Combine(golden.Checkpoint, "metrics.json"), """
                { "step": 1, "train_loss": null, "val_loss": 2.5, "data_sha256": "ab", "validation": null,
                  "bits_per_byte_quantiles": { "unit": "line", "count": 9, "levels": [0, 50, 90, 100], "values": [1, 4, 5, 40] } }
                """);
            CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", Onnx);
        }

        public string Onnx => _folder["model.onnx"];

        /// <summary>The same without quantiles.</summary>
        public string Old => _folder["old.onnx"];

        public void Dispose() => _folder.Dispose();
    }

    private const string Scores = "LogLikelihood,TokenCount,Perplexity,BitsPerByte,UnknownCount";
    private static readonly string[] Texts = ["abc", "gh, \"i\"", "", "fed cab", "bad"];

    private readonly TemporaryFolder _folder = Fixtures.Temporary();
    private readonly ExportedModel _model;

    public FilesOfTextsAreScored(ExportedModel model)
    {
        _model = model;
        File.WriteAllLines(_folder["in.csv"],
            ["id,text", .. Texts.Select((text, i) => $"{i},\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")]);
        File.WriteAllLines(_folder["in.jsonl"], Texts.Select((text, i) => JsonSerializer.Serialize(new { id = i, text, more = new { i } })));
        File.WriteAllLines(_folder["in.txt"], Texts);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task FromEveryFormatIntoEveryOther()
    {
        Score("in.csv", "out.csv", "--part-rows", "2");
        string[] rows = File.ReadAllLines(_folder["out.csv"]);
        string[] scores = [.. rows.Skip(1).Select(row => string.Join(',', row.Split(',')[^5..]))];
        Assert.Equal($"id,text,{Scores}", rows[0]);
        Assert.Equal("2,,0,0,NaN,NaN,0", rows[3]);

        Score("in.txt", "lines.csv");
        Assert.Equal([$"Line,{Scores},Text", .. Texts.Select((text, i) => $"{i + 1},{scores[i]},{Quoted(text)}")],
            File.ReadAllLines(_folder["lines.csv"]));

        Score("in.csv", "out.parquet", "--part-rows", "2");
        (DataField[] fields, object?[][] cells) = await ReadParquet("out.parquet");
        Assert.Equal(rows[0], string.Join(',', fields.Select(field => field.Name)));
        Assert.Equal(typeof(double), fields[2].ClrType);
        Assert.Equal(rows.Skip(1), cells.Select(row => FormattableString.Invariant($"{row[0]},{Quoted((string)row[1]!)},{row[2]:r},{row[3]},")
            + FormattableString.Invariant($"{row[4]:r},{row[5]:r},{row[6]}")));

        Score("in.jsonl", "out.jsonl", "--part-rows", "2");
        JsonElement third = JsonElement.Parse(File.ReadLines(_folder["out.jsonl"]).ElementAt(2));
        Assert.Equal("""{"id":2,"text":"","more":{"i":2},"LogLikelihood":0,"TokenCount":0,"Perplexity":null,"BitsPerByte":null,"UnknownCount":0}""",
            third.GetRawText());
        Score("in.jsonl", "json.csv");
        Assert.Equal([$"id,text,more,{Scores}", $"0,abc,\"{{\"\"i\"\":0}}\",{scores[0]}"], File.ReadLines(_folder["json.csv"]).Take(2));
        Score("in.jsonl", "again.txt");
        Assert.Equal(Texts, File.ReadAllLines(_folder["again.txt"]));
    }

    [Fact]
    public async Task ParquetKeepsItsTypesAndItsRowGroupsAreSkipped()
    {
        var schema = new ParquetSchema(
            new DataField<double>("x", nullable: true), new DataField("text", typeof(string), isNullable: true), new DataField<DateTime>("when"));
        DataField[] fields = schema.DataFields;
        await using (FileStream file = File.Create(_folder["in.parquet"]))
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file))
        {
            foreach (string?[] texts in (string?[][])[["a", null], ["b", "c"]])
            {
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                await group.WriteAsync<double>(fields[0], new double?[] { 0.5, null });
                await group.WriteAsync(fields[1], texts!);
                await group.WriteAsync<DateTime>(fields[2], new[] { DateTime.UnixEpoch, DateTime.UnixEpoch.AddDays(1) });
            }
        }

        Score("in.parquet", "out.parquet", "--quarantine", _folder["bad.jsonl"], "--part-rows", "3");
        (DataField[] columns, object?[][] rows) = await ReadParquet("out.parquet");

        Assert.Equal(["x", "text", "when", .. Scores.Split(',')], columns.Select(column => column.Name));
        Assert.Equal([0.5, 0.5, null], rows.Select(row => (double?)row[0]));
        Assert.Equal(["a", "b", "c"], rows.Select(row => row[1]));
        Assert.Equal(DateTime.UnixEpoch.AddDays(1), rows[2][2]);
        Assert.Equal("""{"row":2,"reason":"has no text in `text`.","content":null}""" + "\n", File.ReadAllText(_folder["bad.jsonl"]));

        Score("in.parquet", "out.jsonl", "--quarantine", _folder["bad.jsonl"]);
        Assert.StartsWith("""{"x":null,"text":"c","when":"1970-01-02T00:00:00""", File.ReadLines(_folder["out.jsonl"]).Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void ThroughPipes()
    {
        string[] arguments = ["score", "--model", _model.Onnx, "--input", "-", "--format", "jsonl", "--out-format", "csv"];
        using Process process = StartWithInput(arguments);
        process.StandardInput.Write(File.ReadAllText(_folder["in.jsonl"]));
        process.StandardInput.Close();
        string piped = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        Score("in.jsonl", "out.csv");
        Assert.Equal((0, File.ReadAllText(_folder["out.csv"])), (process.ExitCode, piped));
        Assert.Equal(piped, CommandLineTool.MustRun("score", "--model", _model.Onnx, "--input", _folder["in.jsonl"]));
    }

    [Fact]
    public void GoesOnToTheSameBytesAfterKills()
    {
        string[] rows = [.. Enumerable.Range(0, 6000).Select(i => i % 97 == 5 ? $"{i}" : $"{i},{new string((char)('a' + (i % 9)), (i % 13) + 1)} cab")];
        File.WriteAllLines(_folder["many.csv"], ["id,text", .. rows]);
        string[] options = ["--part-rows", "500", "--where", "BitsPerByte > 2", "--flag", "p75"];
        Score("many.csv", "whole.csv", [.. options, "--quarantine", _folder["whole.jsonl"]]);

        int killed = 0;
        for (int kill = 0; kill < 2; kill++)
        {
            using Process process = CommandLineTool.Start("dotnet", [CommandLineTool.Program, "score", "--model", _model.Onnx,
                "--input", _folder["many.csv"], "--out", _folder["out.csv"], .. options, "--quarantine", _folder["bad.jsonl"]]);
            string part = _folder[$"out.csv.parts/part-{(kill * 3) + 1:d5}.json"];
            while (!process.HasExited && !File.Exists(part))
                Thread.Sleep(1);
            process.Kill(); // SIGKILL
            process.WaitForExit();
            killed += process.ExitCode == 128 + 9 ? 1 : 0;
        }
        Assert.True(killed > 0, "Each time it had ended before it could be killed.");
        Assert.False(File.Exists(_folder["out.csv"]));

        CommandLineTool.Result other = Run("many.csv", "out.csv", [.. options[..2], "--quarantine", _folder["bad.jsonl"]]);
        Assert.Equal((1, $"mhc: {_folder["out.csv.parts/manifest.json"]}: belongs to another scoring that is half done: "
            + "`where` is none, and BitsPerByte > 2 in it; `flag` is none, and 75 in it. "
            + $"Give the same again to go on, or remove {_folder["out.csv.parts"]} to begin anew.\n"), (other.ExitCode, other.Error));

        string output = Score("many.csv", "out.csv", [.. options, "--quarantine", _folder["bad.jsonl"]]);

        Assert.Contains("Going on after ", output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(_folder["whole.csv"]), File.ReadAllText(_folder["out.csv"]));
        Assert.Equal(File.ReadAllText(_folder["whole.jsonl"]), File.ReadAllText(_folder["bad.jsonl"]));
        Assert.False(Directory.Exists(_folder["out.csv.parts"]));
    }

    [Fact]
    public void BadRowsArePutAsideWithTheirReasons()
    {
        File.WriteAllLines(_folder["bad.jsonl"],
            ["{\"text\":\"abc\"}", "no json", "{\"text\":7}", "", "[1]", "{\"text\":\"cab\",\"x\":1}", "{\"text\":\"fed\",\"BitsPerByte\":1}"]);
        Assert.Equal($"{_folder["bad.jsonl"]}: line 2 is not valid JSON at byte 2. Or put such rows aside with --quarantine FILE.",
            Mistake("bad.jsonl", "out.jsonl"));
        Assert.False(File.Exists(_folder["out.jsonl"]) || Directory.Exists(_folder["out.jsonl.parts"]));

        string output = Score("bad.jsonl", "out.jsonl", "--quarantine", _folder["aside.jsonl"]);

        Assert.Equal(["abc", "cab"], File.ReadLines(_folder["out.jsonl"]).Select(line => JsonElement.Parse(line).GetProperty("text").GetString()));
        Assert.Equal(
        [
            """{"line":2,"reason":"is not valid JSON at byte 2.","content":"no json"}""",
            """{"line":3,"reason":"has no string `text`.","content":"{\"text\":7}"}""",
            """{"line":5,"reason":"is no JSON object.","content":"[1]"}""",
            """{"line":7,"reason":"has the key `BitsPerByte`, which is what a score is called.","content":"{\"text\":\"fed\",\"BitsPerByte\":1}"}""",
        ], File.ReadLines(_folder["aside.jsonl"]));
        Assert.Contains($"Put aside in {_folder["aside.jsonl"]}: 4 bad rows.\n", output, StringComparison.Ordinal);

        Score("bad.jsonl", "out.csv", "--quarantine", _folder["aside.jsonl"]);
        Assert.Equal("has the key `x`, which the first line lacks. Write .jsonl, where each row has its own keys.",
            JsonElement.Parse(File.ReadLines(_folder["aside.jsonl"]).ElementAt(3)).GetProperty("reason").GetString());
    }

    [Fact]
    public void BadRecordsOfCsvAreToldByTheirLine()
    {
        File.WriteAllBytes(_folder["bad.csv"], [.. "id,text\n1,abc\n2\n\n3,a\"b\n4,\"two\nlines\"\n5,"u8, 0xE9, .. "\n6,cab\n7,\"open\n8,x\n"u8]);

        Score("bad.csv", "out.csv", "--quarantine", _folder["aside.jsonl"]);

        Assert.Equal(["1", "4", "6"], File.ReadAllText(_folder["out.csv"]).Split('\n').Skip(1).Where(line => line.Contains(',')
            && char.IsDigit(line[0])).Select(line => line[..1]));
        Assert.Equal(["3 has 1 fields, but the header names 2 columns.",
            "5 has a quote in the wrong place. A quote within a field is doubled and its field stands in quotes.",
            "8 has byte 0xE9, which is not UTF-8.",
            "10 has a quote that is never closed. A quote within a field is doubled and its field stands in quotes."],
            File.ReadLines(_folder["aside.jsonl"]).Select(line => JsonElement.Parse(line))
                .Select(row => $"{row.GetProperty("line")} {row.GetProperty("reason")}"));
    }

    [Fact]
    public void FlagsWhatIsStrangerThanTheValidationTexts()
    {
        string output = Score("in.csv", "out.csv", "--flag", "p90", "--where", "Percentile >= 0 and IsAnomaly = true");
        string[][] rows = [.. File.ReadLines(_folder["out.csv"]).Skip(1).Select(row => row.Split(','))];

        Assert.Equal($"id,text,{Scores},Percentile,IsAnomaly", File.ReadLines(_folder["out.csv"]).First());
        Assert.All(rows, row => Assert.True(double.Parse(row[^4], System.Globalization.CultureInfo.InvariantCulture) > 5 && row[^1] == "True"));
        Assert.Contains($"Kept by --where: {rows.Length} rows of 5.\nFlagged: {rows.Length} rows above 5.0000 bits per byte, "
            + "which 90 % of 9 validation lines do not exceed.\nBits per byte, how many rows:\n", output, StringComparison.Ordinal);

        CommandLineTool.Result old = CommandLineTool.Mhc("score", "--model", _model.Old, "--input", _folder["in.csv"], "--flag", "p90");
        Assert.Equal((1, $"mhc: {_model.Old}: has no quantiles of bits per byte, which --flag goes by. A run gets them when it ends: finish it with "
            + "`mhc train --out RUN --resume`, or end it where it is with --max-iters at its last update, and export it again.\n"),
            (old.ExitCode, old.Error));
    }

    [Fact]
    public void MistakesAreExplained()
    {
        File.WriteAllText(_folder["twice.csv"], "text,a,a\nx,1,2\n");
        File.WriteAllText(_folder["scored.csv"], "text,Perplexity\nx,1\n");
        File.WriteAllText(_folder["empty.jsonl"], "");
        File.WriteAllText(_folder["broken.parquet"], "PAR1 is no such file");
        Assert.Equal($"{_folder["in.csv"]}: has no column `Text`, only `id`, `text`. Name the one that holds the text with --column.",
            Mistake("in.csv", "out.csv", "--column", "Text"));
        Assert.Equal($"{_folder["twice.csv"]}: has more than one column `a`. Rename one of them.", Mistake("twice.csv", "out.csv"));
        Assert.Equal($"{_folder["scored.csv"]}: has a column `Perplexity` already, which is what a score is called. Rename or remove it.",
            Mistake("scored.csv", "out.csv"));
        Assert.Equal($"{_folder["empty.jsonl"]}: is empty. Expected a JSON object a line.", Mistake("empty.jsonl", "out.csv"));
        Assert.Matches("^.+broken.parquet: is no readable Parquet file\\. .+ Is it cut off\\? Copy or download it again\\.$",
            Mistake("broken.parquet", "out.csv"));
        Assert.Equal($"{_folder["in.csv"]}: would overwrite or join the input {_folder["in.csv"]}. Write elsewhere.",
            Mistake("in.csv", "out.csv", "--quarantine", _folder["in.csv"]));
        Assert.False(File.Exists(_folder["out.csv"]));
    }

    [Theory]
    [InlineData("Perplexty > 40", "it has `Perplexty` at character 1, expected LogLikelihood, TokenCount, Perplexity, BitsPerByte, UnknownCount")]
    [InlineData("Perplexity ~ 40", "it has `~` at character 12, expected <, <=, >, >=, =, !=")]
    [InlineData("Perplexity >", "it ends, expected a number, true or false")]
    [InlineData("Perplexity>40 or TokenCount<3", "it has `or` at character 15, expected `and` or the end")]
    [InlineData("", "it ends, expected LogLikelihood, TokenCount, Perplexity, BitsPerByte, UnknownCount")]
    public void WrongExpressionsAreExplained(string expression, string mistake) => Assert.Equal($"--where \"{expression}\": {mistake}.",
        Assert.Throws<FormatException>(() => new RowFilter(expression, ScoreColumns.Names(withFlag: false))).Message);

    [Theory]
    [InlineData("x<2 and y>=1", true), InlineData("x>=1.5", true), InlineData("x=1.5 and y=true", true), InlineData("x!=1.5", false)]
    [InlineData("nan>0", false), InlineData("nan<=0", false), InlineData("nan!=0", false), InlineData("y = 1", true), InlineData("x>-1e3", true)]
    public void ExpressionsChooseRows(string expression, bool keeps) =>
        Assert.Equal(keeps, new RowFilter(expression, ["x", "y", "nan"]).Keeps([1.5, true, double.NaN]));

    [Theory]
    [InlineData("mhc: --column needs an input that has columns: .csv, .jsonl or .parquet. Name its format with --format.", "--column", "a")]
    [InlineData("mhc: --flag is 99, expected p and a number above 0 and below 100, such as p99.9.", "--flag", "99")]
    [InlineData("mhc: --part-rows is 0, expected a number of at least 1.", "--part-rows", "0")]
    [InlineData("mhc: --part-rows is many, expected a number of at least 1.", "--part-rows", "many")]
    [InlineData("mhc: --where \"Percentile > 9\": it has `Percentile` at character 1, expected LogLikelihood, ", "--where", "Percentile > 9")]
    [InlineData("mhc: Parquet is not written to standard output. Name a file with --out.", "--out-format", "parquet")]
    public void BadUsageIsExplained(string message, params string[] arguments)
    {
        CommandLineTool.Result result = CommandLineTool.Mhc(["score", "--model", "m.onnx", "--input", "a.txt", .. arguments]);
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith(message, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void TheHistogramHasFewBarsWhateverItsRange()
    {
        long[] histogram = new Totals().Histogram;
        Assert.Empty(ScoreSummary.Bars(histogram));
        (histogram[8], histogram[10], histogram[^1]) = (4, 1, 2);
        string[] bars = [.. ScoreSummary.Bars(histogram)];
        Assert.Equal("Bits per byte, how many rows:", bars[0]);
        Assert.Equal(" 1.000 to  2.000 ████████████████████████████████████████ 5", bars[1]);
        Assert.Equal("16.000 to        ████████████████                         2", bars[^1]);
        Assert.Equal(17, bars.Length);
    }

    private string Score(string input, string output, params string[] options)
    {
        CommandLineTool.Result result = Run(input, output, options);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output;
    }

    private string Mistake(string input, string output, params string[] options)
    {
        CommandLineTool.Result result = Run(input, output, options);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("mhc: ", result.Error, StringComparison.Ordinal);
        return result.Error["mhc: ".Length..].TrimEnd();
    }

    private CommandLineTool.Result Run(string input, string output, string[] options) =>
        CommandLineTool.Mhc(["score", "--model", _model.Onnx, "--input", _folder[input], "--out", _folder[output], .. options]);

    private static Process StartWithInput(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [CommandLineTool.Program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }

    private static string Quoted(string text) => text.Contains('"', StringComparison.Ordinal)
        ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    private async Task<(DataField[] Fields, object?[][] Rows)> ReadParquet(string name)
    {
        await using FileStream file = File.OpenRead(_folder[name]);
        await using ParquetReader reader = await ParquetReader.CreateAsync(file);
        DataField[] fields = reader.Schema.DataFields;
        var rows = new List<object?[]>();
        for (int number = 0; number < reader.RowGroupCount; number++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(number);
            object?[][] columns = [.. await Task.WhenAll(fields.Select(field => Cli.Score.Tables.ParquetColumn.Of(field).Read(group)))];
            rows.AddRange(Enumerable.Range(0, (int)group.RowCount).Select(row => columns.Select(column => column[row]).ToArray()));
        }
        return (fields, [.. rows]);
    }
}
