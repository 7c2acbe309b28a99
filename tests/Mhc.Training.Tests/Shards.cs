using CsCheck;
using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

public sealed class Shards : IDisposable
{
    private static readonly MhcConfig Tiny = new() { VocabSize = 256, BlockSize = 4, NLayer = 1, NHead = 1, NEmbd = 4, Streams = 2 };
    private static readonly TrainingOptions Short = new() { BatchSize = 2, GradAccum = 2, MaxIters = 3, EvalIters = 1, Device = "cpu" };

    private readonly TemporaryFolder _folder = Fixtures.Temporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void HaveTheFormatOfFineWeb10B()
    {
        Write("val.bin", 7, 50256);
        byte[] bytes = File.ReadAllBytes(_folder["val.bin"]);

        Assert.Equal([0x88, 0xD8, 0x34, 0x01, 1, 0, 0, 0, 2, 0, 0, 0, .. new byte[1012], 7, 0, 0x50, 0xC4], bytes);
    }

    [Fact]
    public void AreReadInWindowsThatLieWithinOneOfThem() => Gen.Int[0, 9].Array[1, 5].Select(Gen.Int[1, 6]).Sample((lengths, window) =>
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        int next = 0;
        List<int[]> expected = [];
        List<ShardFile> shards = [];
        foreach ((int i, int length) in lengths.Index())
        {
            int[] tokens = [.. Enumerable.Range(next, length)];
            next += length;
            WriteShard(folder[$"{i}.bin"], tokens);
            shards.Add(ShardFile.Open(folder[$"{i}.bin"]));
            expected.AddRange(Enumerable.Range(0, Math.Max(0, length - window + 1)).Select(start => tokens[start..(start + window)]));
        }
        var sequence = new ShardedTokens(shards, vocabSize: 100);

        Assert.Equal((next, lengths.Max(), expected.Count), (sequence.Length, sequence.LongestRun, sequence.WindowCount(window)));
        for (int number = 0; number < expected.Count; number++)
        {
            int[] found = new int[window];
            sequence.ReadWindow(number, found);
            Assert.Equal(expected[number], found);
        }
        shards.ForEach(shard => shard.Dispose());
    }, iter: 30);

    [Fact]
    public void TrainAModelWithTheTokenizerBesideThem()
    {
        Write("a_train_1.bin", [.. "a text to learn from"u8.ToArray().Select(b => (int)b)]);
        Write("a_train_2.bin", [.. "and some more"u8.ToArray().Select(b => (int)b)]);
        Write("a_val_0.bin", [.. "not seen before\nnor this\nor"u8.ToArray().Select(b => (int)b)]);
        File.WriteAllText(_folder["tokenizer.json"], TextTokenizer.Byte().ToJson());
        using TextDataset data = TextDataset.FromFiles(_folder.Path, TokenizerKind.Char);
        using TextDataset again = TextDataset.FromFiles(_folder.Path);

        TrainingResult result = Trainer.Train(Tiny, Short, data, _folder["run"]);

        Assert.Equal((33L, 27L), (data.Train.Length, data.Validation.Length));
        Assert.Equal(["not seen before", "nor this"], data.ValidationTexts.Texts);
        Assert.Equal(TextTokenizer.Byte().ToJson(), File.ReadAllText(Path.Combine(result.BestFolder, "tokenizer.json")));
        Assert.Equal(data.Sha256, again.Sha256);
        Assert.Equal(data.Sha256, Checkpoint.LoadMetrics(result.BestFolder).DataSha256);
    }

    [Fact]
    public void WithoutATokenizerAreGpt2s()
    {
        Write("train.bin", 1, 2, 3);
        Write("val.bin", 1, 2, 3);

        using TextDataset data = TextDataset.FromFiles(_folder.Path, tokenizerFolder: TinyGpt2.Write(_folder["gpt2"]));

        Assert.Equal(TokenizerKind.Gpt2, data.Tokenizer.Kind);
    }

    [Fact]
    public void OfDocumentsAreEvaluatedByDocumentAndOthersByLine()
    {
        string gpt2 = TinyGpt2.Write(_folder["gpt2"]);
        TextTokenizer tokenizer = TextTokenizer.Gpt2(gpt2);
        int[] document = [TinyGpt2.EndOfText, .. tokenizer.Encode("of two\nlines")];
        Write("train.bin", 1, 2, 3);
        Write("val.bin", [.. document, .. document, TinyGpt2.EndOfText, .. tokenizer.Encode("cut o")]);
        using TextDataset documents = TextDataset.FromFiles(_folder.Path, tokenizerFolder: gpt2);
        Assert.Equal("document", documents.ValidationTexts.Unit);
        Assert.Equal(["of two\nlines", "of two\nlines"], documents.ValidationTexts.Texts);

        Write("val.bin", [.. tokenizer.Encode("of two\nlines\ncut o")]);
        using TextDataset lines = TextDataset.FromFiles(_folder.Path, tokenizerFolder: gpt2);
        Assert.Equal("line", lines.ValidationTexts.Unit);
        Assert.Equal(["of two", "lines"], lines.ValidationTexts.Texts);
    }

    [Fact]
    public void ThatAreDamagedAreNamed()
    {
        Write("good.bin", 1, 2, 3);
        byte[] good = File.ReadAllBytes(_folder["good.bin"]);

        AssertRefused(good[..1000], "the file has 1000 bytes, expected at least the 1024 of a shard's header.");
        AssertRefused([1, 0, 0, 0, .. good[4..]], "begins with 1, expected 20240520, with which every shard of tokens begins.");
        AssertRefused([.. good[..4], 2, .. good[5..]], "is a shard of version 2, expected version 1, 16 bits a token.");
        AssertRefused(good[..^2], "the file has 1028 bytes, but its header states 3 tokens, which take 1030. It is cut off.");
        AssertRefused([.. good, 0], "the file has 1031 bytes, but its header states 3 tokens, which take 1030. It is too long.");
    }

    [Fact]
    public void WithIdsBeyondTheVocabularyStopTheRun()
    {
        Write("train.bin", 1, 2, 3, 4, 5, 256, 7);
        Write("val.bin", 1, 2, 3, 4, 5);
        File.WriteAllText(_folder["tokenizer.json"], TextTokenizer.Byte().ToJson());
        using TextDataset data = TextDataset.FromFiles(_folder.Path);

        Assert.Equal($"{_folder["train.bin"]}: token 5 is 256, expected an id below 256, the size of the tokenizer's vocabulary. "
            + "The file is damaged, or made with another tokenizer than the one given.",
            Assert.Throws<InvalidDataException>(() => Trainer.Train(Tiny, Short, data, _folder["run"])).Message);
    }

    [Fact]
    public void NeedBothParts()
    {
        Write("train.bin", 1, 2, 3);
        AssertFolderRefused($"{_folder.Path}: holds no *val*.bin. Expected shards to train on and shards for validation.");
        Write("train_or_val.bin", 1, 2, 3);
        AssertFolderRefused($"{_folder["train_or_val.bin"]}: the name has both \"train\" and \"val\". "
            + "Rename it, so that it tells which of them it is for.");
    }

    [Fact]
    public void NeedOneThatIsLongerThanAWindow()
    {
        Write("train_1.bin", 1, 2, 3);
        Write("train_2.bin", 1, 2, 3, 4);
        Write("val.bin");
        File.WriteAllText(_folder["tokenizer.json"], TextTokenizer.Byte().ToJson());
        using TextDataset data = TextDataset.FromFiles(_folder.Path);

        Assert.Equal($"{_folder.Path}: the training part has 7 tokens in shards of at most 4, expected more than `block_size` 4. "
            + "Give more text, or set block_size lower or val_fraction differently.",
            Assert.Throws<InvalidDataException>(() => Trainer.Train(Tiny, Short, data, _folder["run"])).Message);
        Assert.Equal($"{_folder.Path}: the validation part has 0 tokens, expected more than `block_size` 3. "
            + "Give more text, or set block_size lower or val_fraction differently.",
            Assert.Throws<InvalidDataException>(() => Trainer.Train(Tiny with { BlockSize = 3 }, Short, data, _folder["run"])).Message);
    }

    [Fact]
    public void BatchesOfAStepAreThoseOfTheSampler()
    {
        var tokens = new TokenArray([.. Enumerable.Range(0, 100)]);
        using var queue = new BatchQueue(tokens, Short with { MaxIters = 20 }, blockSize: 4, CPU, firstStep: 7);
        for (int step = 7; step < 20; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            long[] windows = WindowSampler.Random(Short.Seed, step, 4, tokens.WindowCount(5));
            foreach (((Tensor inputs, Tensor targets), long[] batch) in queue.Next(step).Zip(windows.Chunk(2)))
            {
                (Tensor expectedInputs, Tensor expectedTargets) = WindowSampler.Batch(tokens, batch, 4, CPU);
                Assert.Equal(expectedInputs.ToDoubles(), inputs.ToDoubles());
                Assert.Equal(expectedTargets.ToDoubles(), targets.ToDoubles());
            }
        }
    }

    [Fact]
    public void BatchesEndWithTheRunThatDoesNotTakeThemAll()
    {
        long before = Tensor.TotalCount;
        using (var queue = new BatchQueue(new TokenArray(new int[100]), Short with { MaxIters = 1_000_000 }, 4, CPU, firstStep: 0))
            queue.Next(0);
        Assert.Equal(before, Tensor.TotalCount);
    }

    private void AssertRefused(byte[] bytes, string problem)
    {
        File.WriteAllBytes(_folder["bad.bin"], bytes);
        Assert.Equal($"{_folder["bad.bin"]}: {problem} Make it again with `mhc prepare` or `mhc data`.",
            Assert.Throws<InvalidDataException>(() => ShardFile.Open(_folder["bad.bin"])).Message);
    }

    private void AssertFolderRefused(string message) => Assert.Equal(message,
        Assert.Throws<InvalidDataException>(
            () => TextDataset.FromFiles(_folder.Path, tokenizerFolder: TinyGpt2.Write(_folder["gpt2"]))).Message);

    private void Write(string name, params int[] tokens) => WriteShard(_folder[name], tokens);

    private static void WriteShard(string path, int[] tokens)
    {
        using var writer = new ShardWriter(path);
        writer.Write([.. tokens.Select(token => (ushort)token)]);
        writer.Finish();
    }
}
