using CsCheck;
using Mhc.MLNet.Tests.Kit;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Tests;

public class TextsScoredTogether
{
    private static readonly Gen<string[]> Texts = Gen.OneOf(AnyText.OfLength(0, 6), AnyText.OfLength(0, 300)).Array[1, 12];

    [Theory]
    [InlineData("bytes")]
    [InlineData("no-prefix")]
    [InlineData("wide")]
    [InlineData("characters")]
    public void HaveTheSameBitsAsAlone(string name)
    {
        string model = TestModels.Named(name);
        using var together = new MhcScorer(model);
        using var cramped = new MhcScorer(model, new MhcScorerOptions { TokensPerBatch = 1 });
        using var oneThread = new MhcScorer(model, new MhcScorerOptions { Threads = 1 });
        Texts.Sample(texts =>
        {
            IReadOnlyList<MhcScore> scores = together.Score(texts);
            AssertSameBits(scores, [.. texts.Select(oneThread.Score)]);
            AssertSameBits(scores, cramped.Score(texts));
            AssertSameBits(scores, [.. together.Score([.. texts.Reverse()]).Reverse()]);
            AssertSameBits(scores, [.. together.ScoreLazily(texts)]);
        }, iter: 25, threads: 1);
    }

    [Fact]
    public void HaveTheSameBitsFromManyThreads()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);
        string[] texts = [.. Enumerable.Range(0, 64).Select(i => new string((char)('a' + i % 26), i))];
        IReadOnlyList<MhcScore> alone = scorer.Score(texts);
        var threads = new MhcScore[texts.Length];
        Parallel.For(0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => threads[i] = scorer.Score(texts[i]));
        AssertSameBits(alone, threads);
    }

    /// <summary>The check above would see it if padding reached a score: put on the wrong side, it does.</summary>
    [Fact]
    public void WouldDifferIfPaddingReachedThem()
    {
        using var session = new InferenceSession(TestModels.Bytes);
        float Score(long[] ids, long position)
        {
            using var input = OrtValue.CreateTensorValueFromMemory(ids, [1, ids.Length]);
            using var positions = OrtValue.CreateTensorValueFromMemory(new[] { position }, [1]);
            using var targets = OrtValue.CreateTensorValueFromMemory(new[] { 100L }, [1]);
            using var run = new RunOptions();
            using var outputs = session.Run(run, ["input_ids", "positions", "targets"], [input, positions, targets], ["logprobs"]);
            return outputs[0].GetTensorDataAsSpan<float>()[0];
        }

        float alone = Score([10, 97, 98], 2);
        Assert.Equal(alone, Score([10, 97, 98, 0, 0], 2));
        Assert.NotEqual(alone, Score([0, 0, 10, 97, 98], 4));
    }

    [Fact]
    public void MayNotBeNull()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);
        Assert.Throws<ArgumentNullException>(() => scorer.Score(["a", null!]));
        Assert.Throws<ArgumentNullException>(() => scorer.Score((string)null!));
    }

    [Fact]
    public void MayBeNone()
    {
        using var scorer = new MhcScorer(TestModels.Bytes);
        Assert.Empty(scorer.Score([]));
    }

    private static void AssertSameBits(IReadOnlyList<MhcScore> expected, IReadOnlyList<MhcScore> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((MhcScore one, MhcScore other) in expected.Zip(actual))
        {
            Assert.Equal(one.TokenLogProbs.Select(BitConverter.SingleToInt32Bits), other.TokenLogProbs.Select(BitConverter.SingleToInt32Bits));
            Assert.Equal(one with { TokenLogProbs = other.TokenLogProbs }, other);
        }
    }
}

public class TextsScoredLazily
{
    [Fact]
    public void AreReadALittleAheadAtFirstAndThenMore()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { TokensPerBatch = 100 });
        int read = 0;
        IEnumerable<string> texts = Enumerable.Repeat("12345678", 1000).Select(text => (text, read++).text);
        using IEnumerator<MhcScore> scores = scorer.ScoreLazily(texts).GetEnumerator();
        var readAt = new List<int>();
        for (int i = 0; i < 51; i++)
        {
            scores.MoveNext();
            readAt.Add(read);
        }
        // A text counts its tokens, the prefix and one: ten make a batch's worth. Groups are of 1, 4, 16, 64 batches; while one runs the
        // next is read.
        Assert.Equal([.. Enumerable.Repeat(10 + 40, 10), .. Enumerable.Repeat(10 + 40 + 160, 40), 10 + 40 + 160 + 640], readAt);
    }

    [Fact]
    public void AreNeverReadMoreThanTwiceSixtyFourBatchesAhead()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { TokensPerBatch = 100 });
        int read = 0, returned = 0, most = 0;
        foreach (MhcScore _ in scorer.ScoreLazily(Enumerable.Repeat("", 30_000).Select(text => (text, read++).text)))
            most = Math.Max(most, read - returned++);
        Assert.Equal(2 * 6400, most);
    }

    [Fact]
    public void AreReadOnTheThreadThatAsksForScores()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { TokensPerBatch = 10 });
        var threads = new HashSet<int>();
        IEnumerable<string> texts = Enumerable.Repeat("text", 500).Select(text => (text, threads.Add(Environment.CurrentManagedThreadId)).text);
        Assert.Equal(500, scorer.ScoreLazily(texts).Count());
        Assert.Equal([Environment.CurrentManagedThreadId], threads);
    }

    [Fact]
    public void MayBeLeftInTheMiddle()
    {
        var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { TokensPerBatch = 10 });
        int read = 0;
        IEnumerable<string> texts = Enumerable.Repeat("text", 100_000).Select(text => (text, read++).text);
        Assert.Equal(4, scorer.ScoreLazily(texts).Skip(50).First().TokenCount);
        Assert.InRange(read, 50, 1000);
        IEnumerator<MhcScore> forgotten = scorer.ScoreLazily(texts).GetEnumerator();
        forgotten.MoveNext();
        scorer.Dispose();
        Assert.Throws<ObjectDisposedException>(() =>
        {
            while (forgotten.MoveNext())
            {
            }
        });
    }

    [Fact]
    public void PassOnWhatTheirSourceThrows()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { TokensPerBatch = 10 });
        IEnumerable<string> texts = Enumerable.Range(0, 1000).Select(i => i < 500 ? "text" : throw new InvalidDataException("row 500"));
        Assert.Equal("row 500", Assert.Throws<InvalidDataException>(() => scorer.ScoreLazily(texts).Count()).Message);
        Assert.Equal(4, scorer.Score("text").TokenCount);
    }
}

public class ScoringThatIsCancelled
{
    [Fact]
    public void EndsInTheMiddle()
    {
        using var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { TokensPerBatch = 10 });
        using var cancellation = new CancellationTokenSource();
        MhcText[] texts = [.. Enumerable.Repeat<MhcText>("text", 10_000)];
        var progress = new Progress(scored =>
        {
            if (scored == 50)
                cancellation.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => scorer.Score(texts, MhcDetails.None, progress, cancellation.Token));
        Assert.InRange(progress.Reported.Count, 50, 1000);
        Assert.Equal(Enumerable.Range(1, progress.Reported.Count), progress.Reported);
        Assert.Throws<OperationCanceledException>(() => scorer.ScoreLazily(texts, MhcDetails.None, cancellation.Token).First());
        Assert.Equal(4, scorer.Score("text").TokenCount);
    }

    private sealed class Progress(Action<int> onReport) : IProgress<int>
    {
        public List<int> Reported { get; } = [];

        public void Report(int value)
        {
            Reported.Add(value);
            onReport(value);
        }
    }
}

public class ScoringFromAHundredThreads
{
    [Fact]
    public void GivesTheSameBitsAsFromOne()
    {
        using var scorer = new MhcScorer(TestModels.Wide, new MhcScorerOptions { TokensPerBatch = 100 });
        var random = new Random(Seed: 3);
        string[] texts = [.. Enumerable.Range(0, 12).Select(i => new string((char)('a' + i), random.Next(200)))];
        string[] expected = [.. scorer.Score(texts).Select(Bits)];
        var found = new IEnumerable<string>?[100];
        Thread[] threads = [.. found.Select((_, i) => new Thread(() => found[i] = [.. (i % 3) switch
        {
            0 => texts.Select(scorer.Score).Select(Bits),
            1 => scorer.ScoreLazily(texts).Select(Bits),
            _ => scorer.Score(texts).Select(Bits),
        }]))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(found, scores => Assert.Equal(expected, scores));
    }

    /// <summary>The callers take every thread of the pool, so that none is left to help them.</summary>
    [Fact]
    public async Task EndsWhereThePoolHasNoThreadLeft()
    {
        using var scorer = new MhcScorer(TestModels.SmallBytes, new MhcScorerOptions { TokensPerBatch = 20 });
        string[] texts = [.. Enumerable.Repeat("some text", 40)];
        IReadOnlyList<MhcScore>[] all = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => scorer.Score(texts))));
        Assert.All(all, scores => Assert.Equal(40, scores.Count));
    }

    private static string Bits(MhcScore score) => string.Join(' ', score.TokenLogProbs.Select(BitConverter.SingleToInt32Bits));
}
