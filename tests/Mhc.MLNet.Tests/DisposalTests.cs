using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests;

public class DisposedScorer
{
    [Fact]
    public void MayBeDisposedAgain()
    {
        var scorer = new MhcScorer(TestModels.Bytes);
        scorer.Dispose();
        scorer.Dispose();
    }

    [Fact]
    public void SaysSoToLaterCalls()
    {
        var scorer = new MhcScorer(TestModels.Bytes);
        IEnumerator<MhcScore> lazy = scorer.ScoreLazily(["a"]).GetEnumerator();
        scorer.Dispose();
        Assert.Equal(typeof(MhcScorer).FullName, Assert.Throws<ObjectDisposedException>(() => scorer.Score("a")).ObjectName);
        Assert.Throws<ObjectDisposedException>(() => scorer.Score(["a", "b"]));
        Assert.Throws<ObjectDisposedException>(() => lazy.MoveNext());
    }

    [Fact]
    public void StillSaysWhatTheModelIs()
    {
        var scorer = new MhcScorer(TestModels.Bytes);
        scorer.Dispose();
        Assert.Equal(16, scorer.Model.ContextLength);
    }
}

public class ScorerDisposedDuringACall
{
    /// <summary>The list disposes the scorer when its second text is read, which is in the middle of the call.</summary>
    [Fact]
    public void LetsTheCallFinish()
    {
        var scorer = new MhcScorer(TestModels.Bytes, new MhcScorerOptions { TokensPerBatch = 1 });
        string[] texts = [.. Enumerable.Repeat("some text", 40)];
        IReadOnlyList<MhcScore> scores = scorer.Score(new DisposingList(texts, scorer));
        Assert.Equal(40, scores.Count);
        Assert.Throws<ObjectDisposedException>(() => scorer.Score("a"));
    }

    [Fact]
    public async Task IsSafeFromAnyThread()
    {
        for (int round = 0; round < 20; round++)
        {
            var scorer = new MhcScorer(TestModels.Bytes);
            using var started = new CountdownEvent(4);
            Task[] callers = [.. Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
            {
                started.Signal();
                while (true)
                {
                    try
                    {
                        Assert.Equal(5, scorer.Score("hello").TokenCount);
                    }
                    catch (ObjectDisposedException)
                    {
                        return;
                    }
                }
            }, TaskCreationOptions.LongRunning))];
            started.Wait(TestContext.Current.CancellationToken);
            scorer.Dispose();
            await Task.WhenAll(callers);
        }
    }

    private sealed class DisposingList(string[] texts, MhcScorer scorer) : IReadOnlyList<string>
    {
        public int Count => texts.Length;

        public string this[int index] => texts[index];

        public IEnumerator<string> GetEnumerator()
        {
            for (int i = 0; i < texts.Length; i++)
            {
                if (i == 1)
                    scorer.Dispose();
                yield return texts[i];
            }
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}

public class ManyScorersOpenedAndDisposed
{
    /// <summary>Threads and megabytes that a process has more after eighty scorers than after twenty.</summary>
    [Fact]
    public void LeaveNothingBehind()
    {
        long[] growth = [.. SecondProcess.Start("open-many", TestModels.Wide).Split(' ').Select(long.Parse)];
        Assert.InRange(growth[0], -100, 40); // The pool has its own, which come and go; those of the models would be 120.
        Assert.InRange(growth[1], -1000, 20); // The models alone would be 60.
    }
}
