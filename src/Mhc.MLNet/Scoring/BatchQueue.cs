using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>
/// The batches of one call. Threads of the pool run them while the caller reads on, and the caller itself does where it has to wait: it
/// never depends on the pool having a thread to spare.
/// </summary>
/// <param name="run">Runs the windows of one batch.</param>
/// <param name="runsAtOnce">So many threads at most.</param>
internal sealed class BatchQueue(Action<InferenceSession, ReadOnlyMemory<Window>> run, int runsAtOnce)
{
    private readonly Lock _gate = new();
    private readonly Queue<(ReadOnlyMemory<Window> Windows, TaskCompletionSource Done)> _waiting = [];
    private int _helpers;

    /// <param name="batches">What to run.</param>
    /// <param name="use">Of the session; helpers have their own.</param>
    /// <param name="callerWaits">Whether the caller has nothing else to do, so that it runs batches at once.</param>
    /// <returns>Ends with its batch.</returns>
    public Task[] Add(IEnumerable<ReadOnlyMemory<Window>> batches, SharedSession.Use use, bool callerWaits)
    {
        var tasks = new List<Task>();
        lock (_gate)
        {
            foreach (ReadOnlyMemory<Window> windows in batches)
            {
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Enqueue((windows, done));
                tasks.Add(done.Task);
            }
            for (int helpers = Math.Min(runsAtOnce, _waiting.Count) - (callerWaits ? 1 : 0); _helpers < helpers; _helpers++)
            {
                SharedSession.Use its = use.Again();
                Task.Run(() => HelpAsync(its));
            }
        }
        return [.. tasks];
    }

    /// <summary>Returns when these batches have run. Throws what one of them threw.</summary>
    public void Finish(Task[] batches, SharedSession.Use use, CancellationToken cancellationToken)
    {
        while (!Array.TrueForAll(batches, batch => batch.IsCompleted))
        {
            use.Slots.Wait(cancellationToken);
            bool ran;
            try
            {
                ran = RunNext(use.Session, isHelper: false);
            }
            finally
            {
                use.Slots.Release();
            }
            if (!ran)
                break; // The last ones are running.
        }
        foreach (Task batch in batches)
            batch.GetAwaiter().GetResult();
    }

    /// <summary>What has not started never will.</summary>
    public void Clear()
    {
        lock (_gate)
            _waiting.Clear();
    }

    private async Task HelpAsync(SharedSession.Use use)
    {
        using (use)
        {
            bool ran;
            do
            {
                await use.Slots.WaitAsync().ConfigureAwait(false); // Keeps no thread of the pool waiting.
                try
                {
                    ran = RunNext(use.Session, isHelper: true);
                }
                finally
                {
                    use.Slots.Release();
                }
            }
            while (ran);
        }
    }

    private bool RunNext(InferenceSession session, bool isHelper)
    {
        (ReadOnlyMemory<Window> Windows, TaskCompletionSource Done) batch;
        lock (_gate)
        {
            if (!_waiting.TryDequeue(out batch))
            {
                _helpers -= isHelper ? 1 : 0;
                return false;
            }
        }
        try
        {
            run(session, batch.Windows);
            batch.Done.SetResult();
        }
        catch (Exception e) // Whoever finishes the batch gets it.
        {
            batch.Done.SetException(e);
        }
        return true;
    }
}
