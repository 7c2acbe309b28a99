using System.Text;
using Mhc.Testing;
using Parquet;
using Parquet.Schema;

namespace Mhc.Training.Tests;

public sealed class PreparedText : IDisposable
{
    private readonly TemporaryFolder _folder = Fixtures.Temporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void IsCutIntoShardsOfWhichTheFirstIsForValidation()
    {
        File.WriteAllText(_folder["a.txt"], "0123456789");
        File.WriteAllText(_folder["b.txt"], "abcdef");

        PrepareResult result = Prepare(["a.txt", "b.txt"], options => options with { ShardTokens = 6, ValTokens = 3 });

        Assert.Equal(new PrepareResult(4, 2, 13, 3), result);
        Assert.Equal(["012", "345678", "9abcde", "f"], Texts());
        Assert.Equal(
            ["manifest.json", "tokenizer.json", "train_000001.bin", "train_000002.bin", "train_000003.bin", "val_000000.bin"], Names());
        ShardManifest manifest = ShardManifest.Read(_folder["out/manifest.json"]);
        Assert.Equal([3, 6, 6, 1], manifest.Shards.Select(shard => shard.Tokens));
        Assert.All(manifest.Shards, shard => Assert.Equal(ShardManifest.Sha256(_folder[$"out/{shard.File}"]), shard.Sha256));
        Assert.Equal([("a.txt", 10L), ("b.txt", 6L)], manifest.Sources.Select(source => (source.File, source.Bytes)));
        using TextDataset data = TextDataset.FromFiles(_folder["out"]);
        Assert.Equal((13L, 3L), (data.Train.Length, data.Validation.Length));
    }

    [Fact]
    public void KeepsATenthForValidationUnlessItIsTold()
    {
        File.WriteAllText(_folder["a.txt"], new string('a', 57));
        Assert.Equal(new PrepareResult(2, 1, 52, 5), Prepare(["a.txt"]));
    }

    [Fact]
    public async Task IsTheSameFromEveryFormat()
    {
        string[] documents = ["first, \"quoted\"", "second\nof two lines", "", "third: é😀"];
        File.WriteAllLines(_folder["d.jsonl"],
            [.. documents.Select(text => $$"""{ "id": 1, "text": {{System.Text.Json.JsonSerializer.Serialize(text)}} }"""), ""]);
        File.WriteAllLines(_folder["d.csv"], ["id,text,more",
            .. documents.Select(text => $"1,\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\",x")]);
        await WriteParquet("d.parquet", documents.AsMemory(0, 3).ToArray(), [null, documents[3]]);

        Assert.Equal("\nfirst, \"quoted\"\nsecond\nof two lines\nthird: é😀", TextOf("d.jsonl", null));
        Assert.Equal(TextOf("d.jsonl", null), TextOf("d.csv", null));
        Assert.Equal(TextOf("d.jsonl", null), TextOf("d.parquet", null));
        Assert.Equal("first, \"quoted\"\nsecond\nof two lines\nthird: é😀\n", TextOf("d.csv", DocumentSeparator.End));
        Assert.Equal("first, \"quoted\"second\nof two linesthird: é😀", TextOf("d.parquet", DocumentSeparator.None));
    }

    [Fact]
    public void OfFilesIsOneDocumentEach()
    {
        Directory.CreateDirectory(_folder["in/deeper"]);
        File.WriteAllText(_folder["in/b.txt"], "second");
        File.WriteAllText(_folder["in/a.txt"], "\ufefffirst");
        File.WriteAllText(_folder["in/deeper/c.txt"], "");
        File.WriteAllText(_folder["in/readme.md"], "not this");

        Assert.Equal("firstsecond", TextOf("in", null));
        Assert.Equal("\nfirst\nsecond", TextOf("in", DocumentSeparator.Start));
    }

    [Fact]
    public void HasTheIdsOfTheWholeTextThoughItIsReadInPieces()
    {
        TextTokenizer tokenizer = TextTokenizer.Gpt2(TinyGpt2.Write(_folder["gpt2"]));
        var random = new Random(1);
        string[] parts =
            [" ", "  ", "\n", "\n \n\t", "the", " the", "é", "日本語", "😀", "'s", "' s", "12", "...", "\u00a0", "\u2003 x", "\r\n"];
        var text = new StringBuilder();
        while (text.Length < 300_000)
            text.Append(parts[random.Next(parts.Length)]);
        File.WriteAllText(_folder["a.txt"], text.ToString());

        List<TextPiece> pieces = [.. PlainText.Read(_folder["a.txt"])];

        Assert.InRange(pieces.Count, 6, 10);
        Assert.Equal(text.ToString(), string.Concat(pieces.Select(piece => piece.Text)));
        Assert.Equal(tokenizer.Encode(text.ToString()), pieces.SelectMany(piece => tokenizer.Encode(piece.Text)));
        Assert.Equal([true, .. Enumerable.Repeat(false, pieces.Count - 1)], pieces.Select(piece => piece.StartsDocument));
        Assert.Equal([.. Enumerable.Repeat(false, pieces.Count - 1), true], pieces.Select(piece => piece.EndsDocument));
    }

    [Fact]
    public void TakesACharVocabularyFromAllFiles()
    {
        File.WriteAllText(_folder["a.txt"], "ba");
        File.WriteAllText(_folder["b.txt"], "éb😀");
        Prepare(["a.txt", "b.txt"], options => options with { Tokenizer = TokenizerKind.Char });
        Assert.Equal(TextTokenizer.Char("abé😀").ToJson(), File.ReadAllText(_folder["out/tokenizer.json"]));
        Assert.Equal("baéb😀", string.Concat(Texts()));
    }

    [Fact]
    public void GoesOnWhereItWasStoppedAndEndsTheSame()
    {
        WriteLines("a.jsonl", 400);
        WriteLines("b.jsonl", 300);
        PrepareOptions Options(string folder) => new()
        {
            Inputs = [_folder["a.jsonl"], _folder["b.jsonl"]],
            OutputFolder = _folder[folder],
            TokenizerFolder = TinyGpt2.Write(_folder["gpt2"]),
            ShardTokens = 1500,
            ValTokens = 700,
        };
        TokenShards.Prepare(Options("whole"));
        Assert.Equal(11, ShardManifest.Read(_folder["whole/manifest.json"]).Shards.Length);

        foreach (int stopAt in (int[])[3, 50, 51, 120, 333, 500, 690])
        {
            int call = 0;
            Assert.Throws<TimeoutException>(() => TokenShards.Prepare(Options("stopped"),
                progress => call = call == stopAt ? throw new TimeoutException() : call + 1));
            if (Directory.Exists(_folder["stopped"]))
            {
                // What a run that is killed leaves besides: a partial shard, and a finished one that is not on record yet.
                int shards = ShardManifest.Read(ShardManifest.PartialPathIn(_folder["stopped"])).Shards.Length;
                File.WriteAllText(_folder[$"stopped/train_{shards:d6}.bin.tmp"], "cut off");
                File.WriteAllText(_folder[$"stopped/train_{shards:d6}.bin"], "not on record");
                Assert.Equal($"{_folder["stopped"]}: `mhc prepare` is not done with this folder. Give it the same command again to go on.",
                    Assert.Throws<InvalidDataException>(() => TextDataset.FromFiles(_folder["stopped"])).Message);
            }

            TokenShards.Prepare(Options("stopped"));

            Assert.Equal(Directory.GetFiles(_folder["whole"]).Select(Path.GetFileName).Order(),
                Directory.GetFiles(_folder["stopped"]).Select(Path.GetFileName).Order());
            foreach (string file in Directory.GetFiles(_folder["whole"]))
                Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_folder[$"stopped/{Path.GetFileName(file)}"]));
            Directory.Delete(_folder["stopped"], recursive: true);
        }
    }

    [Fact]
    public void ThatIsDoneIsLeftAsItIs()
    {
        WriteLines("a.txt", 50);
        PrepareResult first = Prepare(["a.txt"]);
        DateTime written = File.GetLastWriteTimeUtc(_folder["out/train_000001.bin"]);

        Assert.Equal(first, Prepare(["a.txt"]));
        Assert.Equal(written, File.GetLastWriteTimeUtc(_folder["out/train_000001.bin"]));
        File.AppendAllText(_folder["a.txt"], "more");
        Assert.Equal($"{_folder["out/manifest.json"]}: belongs to another preparation: `separator` was default, now end; "
            + "`shard_tokens` was 100000000, now 7; `val_tokens` was default, now 3; the files are others. "
            + "Choose another folder, or remove this one.",
            Assert.Throws<IOException>(() => Prepare(["a.txt"],
                options => options with { ShardTokens = 7, ValTokens = 3, Separator = DocumentSeparator.End })).Message);
    }

    [Fact]
    public void IsNotPutAmongOtherFiles()
    {
        WriteLines("a.txt", 50);
        Directory.CreateDirectory(_folder["out"]);
        File.WriteAllText(_folder["out/mine.bin"], "mine");
        Assert.Equal($"{_folder["out"]}: holds something that `mhc prepare` did not make. Choose another folder or remove this one.",
            Assert.Throws<IOException>(() => Prepare(["a.txt"])).Message);
        Assert.Equal(["mine.bin"], Names());
    }

    [Fact]
    public void ThatWasTamperedWithIsNotTrainedOn()
    {
        WriteLines("a.txt", 50);
        Prepare(["a.txt"], options => options with { ShardTokens = 300 });
        File.Delete(_folder["out/train_000002.bin"]);
        File.Copy(_folder["out/val_000000.bin"], _folder["out/train_000001.bin"], overwrite: true);
        File.Copy(_folder["out/val_000000.bin"], _folder["out/train_000009.bin"]);
        File.AppendAllText(_folder["out/tokenizer.json"], "\n");

        Assert.Equal(string.Join(Environment.NewLine,
            "train_000001.bin has 129 tokens, expected 300.", "train_000002.bin is missing.", "train_000009.bin is not listed.",
            "tokenizer.json is missing or another one."),
            Assert.Throws<InvalidDataException>(() => TextDataset.FromFiles(_folder["out"])).Message
                .Replace($"{_folder["out/manifest.json"]}: ", "", StringComparison.Ordinal)
                .Replace(" Make the shards again with `mhc prepare`.", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a.jsonl", "{\"text\": \"a\"}\n{\"text\": ", "{path}: line 2 is not valid JSON at byte 10. Expected a JSON object a line.")]
    [InlineData("a.jsonl", "{\"text\": \"a\"}\n\n[1]\n", "{path}: line 3 is no JSON object with a string `text`. "
        + "Name the key that holds the text with --text-field.")]
    [InlineData("a.jsonl", "{\"content\": \"a\"}\n", "{path}: line 1 is no JSON object with a string `text`. "
        + "Name the key that holds the text with --text-field.")]
    [InlineData("a.jsonl", "{\"text\": \"\\ud800\"}\n", "{path}: the `text` of line 1 is not UTF-8. "
        + "Expected UTF-8 text: convert the file first, for example with `iconv -f ISO-8859-1 -t UTF-8`.")]
    [InlineData("a.csv", "id,content\n1,a\n", "{path}: has no column `text` of text, but `id`, `content`. "
        + "Name the one that holds the text with --text-field.")]
    [InlineData("a.csv", "id,text\n1,\"a\nb\"\n2\n",
        "{path}: the record of line 4 is damaged. Record 3 (line 4) has 1 fields but 2 were expected.")]
    [InlineData("a.parquet", "PAR1", "{path}: is no readable Parquet file. not a Parquet file (size too small). Is it cut off? "
        + "Copy or download it again.")]
    [InlineData("a.md", "text", "{path}: the name ends in none of .txt, .jsonl, .csv, .parquet. Rename or convert the file.")]
    [InlineData("a.txt", "a", "The text has 1 tokens in all, expected more than the 1 of the validation shard. "
        + "Give more text, or set --val-tokens lower.")]
    [InlineData("a.txt", "", "The text has 0 tokens in all, expected more than the 1 of the validation shard. "
        + "Give more text, or set --val-tokens lower.")]
    public void OfDamagedFilesLeavesNothing(string name, string content, string message)
    {
        File.WriteAllText(_folder[name], content);
        AssertRefused(name, message);
    }

    [Theory]
    [InlineData("a.txt", "caf", "byte 0xE9 at offset 3")]
    [InlineData("a.jsonl", "{\"text\":\"b\"}\n{\"text\":\"caf", "the `text` of line 2")]
    [InlineData("a.csv", "text\nb\ncaf", "byte 0xE9 in the record of line 3")]
    public void InAnotherEncodingIsNamed(string name, string before, string where)
    {
        File.WriteAllBytes(_folder[name], [.. Encoding.UTF8.GetBytes(before), 0xE9, .. name == "a.jsonl" ? "\"}\n"u8 : "\n"u8]);
        AssertRefused(name, $"{{path}}: {where} is not UTF-8. "
            + "Expected UTF-8 text: convert the file first, for example with `iconv -f ISO-8859-1 -t UTF-8`.");
    }

    [Fact]
    public void NeedsACharVocabularyThatFitsInto16Bits()
    {
        File.WriteAllText(_folder["a.txt"], string.Concat(Enumerable.Range(1, 70_000).Where(Rune.IsValid).Select(c => new Rune(c))));
        AssertRefused("a.txt", "The char tokenizer has 67952 ids, but a shard holds 16 bits a token: at most 65536. "
            + "Use the tokenizer gpt2 or byte.", TokenizerKind.Char);
    }

    [Fact]
    public async Task NeedsAColumnOfText()
    {
        await WriteParquet("a.parquet", ["a"]);
        Assert.Equal($"{_folder["a.parquet"]}: has no column `content` of text, but `text`. "
            + "Name the one that holds the text with --text-field.",
            Assert.Throws<InvalidDataException>(() => Prepare(["a.parquet"], options => options with { TextField = "content" })).Message);
    }

    [Fact]
    public void NeedsFiles()
    {
        Directory.CreateDirectory(_folder["empty"]);
        Assert.Equal($"{_folder["no"]}: no such file or folder. Expected files that end in .txt, .jsonl, .csv, .parquet.",
            Assert.Throws<FileNotFoundException>(() => Prepare(["no"])).Message);
        Assert.Equal($"{_folder["empty"]}: the folder holds no file that ends in .txt, .jsonl, .csv, .parquet.",
            Assert.Throws<FileNotFoundException>(() => Prepare(["empty"])).Message);
        Assert.Equal($"`shard_tokens` is 0, expected at least 1.{Environment.NewLine}`val_tokens` is -1, expected at least 1.",
            Assert.Throws<ArgumentException>(
                () => Prepare(["empty"], options => options with { ShardTokens = 0, ValTokens = -1 })).Message);
    }

    private PrepareResult Prepare(string[] inputs, Func<PrepareOptions, PrepareOptions>? with = null)
    {
        var options = new PrepareOptions
        {
            Inputs = [.. inputs.Select(input => _folder[input])],
            OutputFolder = _folder["out"],
            Tokenizer = TokenizerKind.Byte,
        };
        return TokenShards.Prepare(with?.Invoke(options) ?? options);
    }

    private string TextOf(string input, DocumentSeparator? separator)
    {
        Prepare([input], options => options with { Separator = separator, ValTokens = 3 });
        string text = string.Concat(Texts());
        Directory.Delete(_folder["out"], recursive: true);
        return text;
    }

    private string[] Texts()
    {
        TextTokenizer tokenizer = TextTokenizer.Read(_folder["out/tokenizer.json"]);
        ShardManifest manifest = ShardManifest.Read(_folder["out/manifest.json"]);
        return
        [
            .. manifest.Shards.Select(shard =>
            {
                using ShardFile file = ShardFile.Open(_folder[$"out/{shard.File}"]);
                ushort[] tokens = new ushort[file.Length];
                file.Read(0, tokens);
                return tokenizer.Decode(tokens.Select(token => (int)token));
            }),
        ];
    }

    private string[] Names() => [.. Directory.EnumerateFileSystemEntries(_folder["out"]).Select(path => Path.GetFileName(path)).Order()];

    private void WriteLines(string name, int count)
    {
        IEnumerable<string> lines = Enumerable.Range(0, count).Select(i => $"the line {i} of {count}, the é");
        File.WriteAllLines(_folder[name], name.EndsWith(".jsonl", StringComparison.Ordinal)
            ? lines.Select(line => $$"""{"text": "{{line}}"}""") : lines);
    }

    private async Task WriteParquet(string name, params string?[][] groups)
    {
        var text = new DataField("text", typeof(string), isNullable: true);
        var id = new DataField<int>("id");
        await using FileStream file = File.Create(_folder[name]);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(id, text), file);
        foreach (string?[] texts in groups)
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync<int>(id, new int[texts.Length]);
            await group.WriteAsync(text, texts!);
        }
    }

    private void AssertRefused(string name, string message, TokenizerKind tokenizer = TokenizerKind.Byte)
    {
        string[] before = [.. Directory.GetFileSystemEntries(_folder.Path)];
        Assert.Equal(message.Replace("{path}", _folder[name], StringComparison.Ordinal),
            Assert.Throws<InvalidDataException>(() => Prepare([name], options => options with { Tokenizer = tokenizer })).Message);
        Assert.Equal(before, Directory.GetFileSystemEntries(_folder.Path));
    }
}
