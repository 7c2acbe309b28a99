namespace Mhc.MLNet.Scoring;

/// <summary>
/// The batches of one call, each a task that has not started. Threads of the pool run them while the caller reads on, and the caller
/// itself does where it has to wait: it never depends on the pool having a thread to spare.
/// </summary>
/// <param name="slots">As many as runs of the model may go on at once, whoever calls.</param>
/// <param name="runsAtOnce">The number of the slots.</param>
internal sealed class BatchQueue(SemaphoreSlim slots, int runsAtOnce)
{
    private readonly Lock _gate = new();
    private readonly Queue<Task> _waiting = [];
    private int _helpers;

    /// <param name="batches">What to run.</param>
    /// <param name="callerWaits">Whether the caller has nothing else to do, so that it runs batches at once.</param>
    public void Add(IEnumerable<Task> batches, bool callerWaits)
    {
        lock (_gate)
        {
            foreach (Task batch in batches)
                _waiting.Enqueue(batch);
            for (int helpers = Math.Min(runsAtOnce, _waiting.Count) - (callerWaits ? 1 : 0); _helpers < helpers; _helpers++)
                Task.Run(HelpAsync);
        }
    }

    /// <summary>Returns when these batches have run. Throws what one of them threw.</summary>
    public void Finish(Task[] batches)
    {
        while (!Array.TrueForAll(batches, batch => batch.IsCompleted) && RunNext())
        {
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

    private bool RunNext()
    {
        slots.Wait();
        try
        {
            return RunOne(isHelper: false);
        }
        finally
        {
            slots.Release();
        }
    }

    private async Task HelpAsync()
    {
        bool ran;
        do
        {
            await slots.WaitAsync().ConfigureAwait(false); // Keeps no thread of the pool waiting.
            try
            {
                ran = RunOne(isHelper: true);
            }
            finally
            {
                slots.Release();
            }
        }
        while (ran);
    }

    private bool RunOne(bool isHelper)
    {
        Task? batch;
        lock (_gate)
        {
            if (!_waiting.TryDequeue(out batch))
            {
                _helpers -= isHelper ? 1 : 0;
                return false;
            }
        }
        batch.RunSynchronously(TaskScheduler.Default); // Keeps what it throws to itself.
        return true;
    }
}
